import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';

/** With optimisation. */
export const releaseBuilds = ['kernels.wasm', 'kernels.relaxed.wasm'] as const;
const allBuilds = [...releaseBuilds, 'kernels.debug.wasm', 'kernels.relaxed.debug.wasm'] as const;

/** Tests of a kernel in every build; skipped by name in those that this runtime refuses (relaxed SIMD, on Node.js 20). */
export function describeBuilds(
  name: string,
  define: (build: string) => void,
  builds: readonly string[] = allBuilds,
): void {
  for (const build of builds) {
    const title = `${name} in ${build}`;
    const bytes = readFileSync(new URL(`../../build/${build}`, import.meta.url));
    if (WebAssembly.validate(bytes)) describe(title, () => define(build));
    else describe.skip(title, () => it('needs relaxed SIMD', () => {}));
  }
}
