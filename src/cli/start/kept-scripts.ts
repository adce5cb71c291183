import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import * as zlib from 'node:zlib';
import type { CompiledScript } from './code-files.js';

/** Scripts of one folder in one thread, compiled from what was kept of them. */
export interface KeptScripts {
  /** Finds the scripts at once, where Node's own `require` looks at each folder on the way. */
  readonly require: (id: string) => unknown;
  /** Whether a script has run of which nothing was kept, or nothing that V8 takes. */
  isNew(): boolean;
  /** What V8 has now of those that have run, with every function that was called. */
  compile(): CompiledScript[];
}

/**
 * Makes `require` compile scripts from what was kept. Needs Node.js 20.15, with which CRC-32 came.
 * @param file lies where the scripts lie
 * @param names of scripts, without `.cjs`
 * @param onRun told before one of them is run
 */
export function useKept(
  file: string,
  names: readonly string[],
  kept: readonly CompiledScript[],
  onRun?: (name: string) => void,
): KeptScripts {
  const require = createRequire(file);
  const loaded: (Omit<CompiledScript, 'data'> & { readonly script: Script })[] = [];
  let isNew = false;

  const run = (name: string, path: string, module: Pick<NodeJS.Module, 'exports'>): void => {
    onRun?.(name);
    const source = readFileSync(path);
    const checksum = zlib.crc32(source);
    const found = kept.find((each) => each.name === name && each.checksum === checksum);
    const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${source}\n})`, {
      filename: path,
      ...(found && { cachedData: found.data }),
    });
    if (!found || script.cachedDataRejected) isNew = true;
    loaded.push({ name, checksum, script });
    script.runInThisContext()(module.exports, requireAtOnce, module, path, dirname(path));
  };

  const entries = new Map<string, NodeJS.Module>();
  const requireAtOnce = (id: string): unknown => {
    const entry = entries.get(id);
    return entry ? entry.exports : require(id);
  };
  for (const name of names) {
    const path = join(dirname(file), `${name}.cjs`);
    let module: Pick<NodeJS.Module, 'exports'> | undefined;
    const entry = {
      id: path,
      filename: path,
      loaded: true,
      get exports() {
        if (!module) {
          module = { exports: {} };
          run(name, path, module);
        }
        return module.exports;
      },
    };
    entries.set(`./${name}.cjs`, entry as NodeJS.Module);
    require.cache[path] = entry as NodeJS.Module;
  }
  return {
    require: requireAtOnce,
    isNew: () => isNew,
    compile: () => loaded.map(({ name, checksum, script }) => ({ name, checksum, data: script.createCachedData() })),
  };
}
