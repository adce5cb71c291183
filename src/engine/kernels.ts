import { readFileSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { RuntimeError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import { compileUnoptimised, optimiseFirstCalls } from '../files/short-run-code.js';
import { type KernelConstants, type KernelExports, readConstants } from './kernel-constants.js';

/** The exported functions of the kernel module: (…numbers) → number or nothing. */
export type Kernels = {
  readonly [K in keyof KernelExports as KernelExports[K] extends (...args: never[]) => unknown
    ? K
    : never]: KernelExports[K];
};

/**
 * The relaxed kernels are faster and not for every runtime. Floats come out with other last digits, as they add and multiply
 * in one step, rounded once; integers are the same from both.
 */
export type KernelFlavour = 'plain' | 'relaxed';

/**
 * How V8 compiles: 'many-runs' is its usual way. For few runs it optimises at once where floats spend most of the time, and
 * nothing else. For one run in integers it optimises nothing, and the kernels take loops that are fast without.
 */
export type KernelPace = 'few-runs' | 'one-integer-run' | 'many-runs';

/** The compiled kernels, and memory for them; both can be posted to a worker. */
export type CompiledKernels = WebAssembly.Module;
export type KernelMemory = WebAssembly.Memory;

export interface KernelModule {
  readonly module: CompiledKernels;
  readonly pace: KernelPace;
  /** Tells these kernels from others; undefined where Node.js has no CRC-32 (before 20.15). */
  readonly checksum: string | undefined;
  readonly constants: KernelConstants;
  /** Bytes of scratch memory that `conv_f32` needs. */
  convScratchBytes(kernelHeight: number, kernelWidth: number, inChannels: number): number;
  /** The same for `conv_i8`; depth: inputs of a window, rounded up to a multiple of 8. */
  integerScratchBytes(inChannels: number, depth: number, outWidth: number, format: number): number;
  /** Of an instance with a little memory: for constants and functions that few networks need. */
  readonly exports: KernelExports;
}

const PAGE_BYTES = 65536;
const kernelFiles: Readonly<Record<KernelFlavour, URL>> = {
  plain: packageFile('build/kernels.wasm'),
  relaxed: packageFile('build/kernels.relaxed.wasm'),
};

/** (module (func (param v128) (result v128) local.get 0 local.get 0 local.get 0 f32x4.relaxed_madd)) */
const relaxedModule = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x0b],
]);

const loading = new Map<string, Promise<KernelModule>>();

/**
 * Compiles a kernel module once per process and pace; where the runtime has no relaxed SIMD, the plain one for it.
 * Throws RuntimeError where WASM SIMD is missing.
 */
export function loadKernels(flavour: KernelFlavour = 'relaxed', pace: KernelPace = 'many-runs'): Promise<KernelModule> {
  const key = `${flavour} ${pace}`;
  let module = loading.get(key);
  module ??= compileKernels(flavour, pace);
  loading.set(key, module);
  return module;
}

async function compileKernels(flavour: KernelFlavour, pace: KernelPace): Promise<KernelModule> {
  if (typeof WebAssembly === 'undefined') {
    throw new RuntimeError({
      where: `Node.js ${process.version}`,
      problem: 'WebAssembly is switched off',
      remedy: 'start it without --jitless, also in NODE_OPTIONS',
    });
  }
  if (flavour === 'relaxed' && !WebAssembly.validate(relaxedModule)) return loadKernels('plain', pace);
  const bytes = readFileSync(kernelFiles[flavour]);
  let module: CompiledKernels;
  try {
    // Compiles each function when it is first called.
    module = pace === 'many-runs' ? new WebAssembly.Module(bytes) : compileUnoptimised(bytes);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) {
      throw new RuntimeError({ where: 'WebAssembly', problem: 'the kernels cannot be compiled' }, { cause });
    }
    throw new RuntimeError(
      {
        where: `Node.js ${process.version} (${process.arch})`,
        problem: 'WebAssembly SIMD and shared memory are not available here',
        expected: 'Node.js 20 or newer on a processor with SIMD',
      },
      { cause },
    );
  }
  const exports = instance(module, createMemory(PAGE_BYTES));
  if (pace === 'few-runs') {
    callHotFunctions(exports, 0);
    optimiseFirstCalls(() => callHotFunctions(exports, 1));
  }
  return {
    module,
    pace,
    checksum: zlib.crc32?.(bytes).toString(16),
    constants: readConstants(exports),
    convScratchBytes: exports.conv_scratch_f32,
    integerScratchBytes: exports.conv_scratch_i8,
    exports,
  };
}

/**
 * What networks in floats spend most of their time on, on zeros: the product of panels, with what widens weights for it, and
 * depthwise convolution of 3×3. With no rows only the functions around them are called, which are not worth optimising.
 */
function callHotFunctions(exports: KernelExports, rows: 0 | 1): void {
  const { pointwise_half_f32, depthwise_f32, HEAP_BASE, PIXEL_TILE, CHANNEL_TILE } = exports;
  const [zeros, pixels, channels] = [HEAP_BASE.value, rows * PIXEL_TILE.value, CHANNEL_TILE.value];
  pointwise_half_f32(zeros, zeros, zeros, zeros, 0, zeros, pixels, channels, channels, channels, channels, 0, 0);
  // Of 8 columns, from 3 × 10 pixels.
  depthwise_f32(zeros, zeros, zeros, 3, 10, channels, 8, 0, rows, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0);
}

/**
 * Memory of at least `bytes`, all zero. It cannot grow: a plan states all it needs.
 * Throws RuntimeError where there is not as much.
 */
export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw notEnoughMemory(bytes, cause);
  }
}

/** Node.js reserves addresses for 8 GiB beside a memory, so that a limit of addresses (`ulimit -v`) is met long before one of memory. */
function notEnoughMemory(bytes: number, cause: unknown): RuntimeError {
  return new RuntimeError(
    {
      where: 'WebAssembly',
      problem: `${Math.max(1, Math.ceil(bytes / 2 ** 20))} MiB of memory cannot be allocated`,
      remedy: 'raise the limits of memory and of addresses (ulimit -v)',
    },
    { cause },
  );
}

/** The kernels bound to a memory. */
export function bindKernels(
  { module, pace }: Pick<KernelModule, 'module'> & Partial<Pick<KernelModule, 'pace'>>,
  memory: WebAssembly.Memory,
): Kernels {
  const exports = instance(module, memory);
  if (pace === 'one-integer-run') exports.usesBaselineTiles.value = true;
  return exports;
}

function instance(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  try {
    return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  } catch (cause) {
    throw new RuntimeError({ where: 'WebAssembly', problem: 'the kernels cannot be instantiated' }, { cause });
  }
}
