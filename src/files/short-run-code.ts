import { setFlagsFromString } from 'node:v8';

/*
 * V8 runs WebAssembly in baseline code and optimises what turns out to be hot on other threads: for a process that ends soon
 * that takes longer than it saves. Here the caller says what is hot.
 */

/** What V8 does by default, to set it back: an option can be set but not read. Where it is not known, nothing is set. */
interface Defaults {
  /** `--wasm-tiering-budget`. */
  readonly budget: number;
  /** Parts of optimisation that take longer than they save in code that is called a few times, and that are on by default. */
  readonly costly: readonly string[];
}

/** By V8's version. */
const known: Readonly<Record<string, Defaults>> = {
  '11.3': { budget: 1_800_000, costly: ['wasm-loop-unrolling'] },
  '12.4': { budget: 13_000_000, costly: ['wasm-loop-unrolling'] },
  '13.6': { budget: 13_000_000, costly: ['wasm-loop-unrolling', 'wasm-inlining'] },
};
const defaults = known[/^\d+\.\d+/.exec(process.versions.v8)?.[0] ?? ''];
/** How many bytes of code, about, a function may run before V8 optimises it: the largest number that the flag takes. */
const LARGE_BUDGET = 2 ** 31 - 1;

/** A custom section without a name or contents. V8 shares code between modules of equal bytes, so these must not be equal. */
const EMPTY_SECTION = [0, 1, 0];

/**
 * Compiles a module of this package, whose functions are valid: each is checked and compiled when it is first called. V8 does
 * not optimise them of itself.
 * Throws WebAssembly.CompileError where the module's types or imports are not supported; a function may throw it later.
 */
export function compileUnoptimised(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const flags = [`--wasm-tiering-budget=${LARGE_BUDGET}`, '--wasm-lazy-validation'];
  return withFlags(flags, [`--wasm-tiering-budget=${defaults?.budget}`, '--no-wasm-lazy-validation'], () => {
    const marked = new Uint8Array(bytes.length + EMPTY_SECTION.length);
    marked.set(bytes);
    marked.set(EMPTY_SECTION, bytes.length);
    return new WebAssembly.Module(marked);
  });
}

/** Functions of modules that are called for the first time by `run` are optimised before they run. */
export function optimiseFirstCalls(run: () => void): void {
  const costly = defaults?.costly ?? [];
  // The first flag switches dynamic tiering off.
  const flags = ['--no-liftoff', ...costly.map((name) => `--no-${name}`)];
  withFlags(flags, ['--liftoff', '--wasm-dynamic-tiering', ...costly.map((name) => `--${name}`)], run);
}

/** V8's default for `--max-optimized-bytecode-size`, the same in all of these versions. */
const USUAL_BYTECODE = 61_440;

/** V8 optimises no JavaScript until `run` has returned. What it has optimised before stays as it is. */
export function withoutOptimising<T>(run: () => T): T {
  // Not --no-opt: set while a process runs, it makes cost sweep take 1.24 times as long on Node.js 22.
  return withFlags(['--max-optimized-bytecode-size=0'], [`--max-optimized-bytecode-size=${USUAL_BYTECODE}`], run);
}

/** Flags have to be as they were afterwards: V8 takes kept code only for those that it was compiled with. */
function withFlags<T>(flags: readonly string[], usual: readonly string[], run: () => T): T {
  if (!defaults) return run();
  for (const flag of flags) setFlagsFromString(flag);
  try {
    return run();
  } finally {
    for (const flag of usual) setFlagsFromString(flag);
  }
}
