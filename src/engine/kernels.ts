import { readFile } from 'node:fs/promises';
import type { instantiate } from '../../build/kernels.js';
import { RuntimeError } from '../errors.js';

type Exports = Awaited<ReturnType<typeof instantiate>>;

/** The exported functions of the kernel module: (…numbers) → number or nothing. */
export type Kernels = {
  readonly [K in keyof Exports as Exports[K] extends (...args: never[]) => unknown ? K : never]: Exports[K];
};

/** Kernels that a step of a plan may call. */
export type KernelName = Exclude<keyof Kernels & `${string}_f32`, 'conv_scratch_f32'>;

/** Facts about the kernels that planning and packing follow, read from the module so that they are stated once. */
export interface KernelConstants {
  /** First byte of memory that the caller may use. */
  readonly heapBase: number;
  /** Channels of a map are rounded up to a multiple of this. */
  readonly channelTile: number;
  /** Pixels that the linear kernels compute at once; a run of them that is cut elsewhere gives other last digits. */
  readonly pixelTile: number;
  /** Bytes after a picture that the resampling kernels read, or overwrite. */
  readonly resampleSlack: number;
}

/** The compiled kernels, and memory for them; both can be posted to a worker. */
export type CompiledKernels = WebAssembly.Module;
export type KernelMemory = WebAssembly.Memory;

export interface KernelModule {
  readonly module: CompiledKernels;
  readonly constants: KernelConstants;
  /** Bytes of scratch memory that `conv_f32` needs. */
  convScratchBytes(kernelSize: number, inChannels: number): number;
}

const PAGE_BYTES = 65536;
const kernelsFile = new URL('../../build/kernels.wasm', import.meta.url);

let loading: Promise<KernelModule> | undefined;

/** Compiles the kernel module once per process. Throws RuntimeError where WASM SIMD is missing. */
export function loadKernels(): Promise<KernelModule> {
  loading ??= compileKernels();
  return loading;
}

async function compileKernels(): Promise<KernelModule> {
  const bytes = await readFile(kernelsFile);
  if (!WebAssembly.validate(bytes)) {
    throw new RuntimeError(
      `Node.js ${process.version} (${process.arch}): WebAssembly SIMD and shared memory are not available here, expected Node.js 20 or newer on a processor with SIMD`,
    );
  }
  const module = await WebAssembly.compile(bytes);
  const exports = instance(module, createMemory(PAGE_BYTES));
  return {
    module,
    constants: {
      heapBase: exports.HEAP_BASE.value,
      channelTile: exports.CHANNEL_TILE.value,
      pixelTile: exports.PIXEL_TILE.value,
      resampleSlack: exports.RESAMPLE_SLACK.value,
    },
    convScratchBytes: exports.conv_scratch_f32,
  };
}

/** Memory of at least `bytes`, all zero. It cannot grow: a plan states all it needs. */
export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** The kernels bound to a memory. */
export function bindKernels({ module }: Pick<KernelModule, 'module'>, memory: WebAssembly.Memory): Kernels {
  return instance(module, memory);
}

function instance(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}
