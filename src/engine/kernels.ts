import { readFile } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import type { instantiate } from '../../build/kernels.js';
import { RuntimeError } from '../errors/errors.js';
import { packageFile } from '../files/package-files.js';
import type { Curve } from './activations.js';

type Exports = Awaited<ReturnType<typeof instantiate>>;

/** The exported functions of the kernel module: (…numbers) → number or nothing. */
export type Kernels = {
  readonly [K in keyof Exports as Exports[K] extends (...args: never[]) => unknown ? K : never]: Exports[K];
};

/** Facts about the kernels that planning and packing follow, read from the module so that they are stated once. */
export interface KernelConstants {
  /** First byte of memory that the caller may use. */
  readonly heapBase: number;
  /** Channels of a map are rounded up to a multiple of this. */
  readonly channelTile: number;
  /** Pixels that the linear kernels compute at once; a run of them that is cut elsewhere gives other last digits. */
  readonly pixelTile: number;
  /** Bytes before the biases of weights that stay in half precision. */
  readonly halfHeaderBytes: number;
  /** Bytes after a picture that the resampling kernels read, or overwrite. */
  readonly resampleSlack: number;
  /** Bytes of a narrow integer: 1 with relaxed SIMD, else 2. */
  readonly narrowBytes: number;
  /** Bytes before the weights of 8 channels of an integer layer. */
  readonly headerBytes: number;
  /** Bytes behind the weights of 8 channels of a linear layer of bytes. */
  listBytes(inChannels: number): number;
  /** Bits of the integer kernels' format argument. */
  readonly wideInput: number;
  readonly wideOutput: number;
  readonly wideResidual: number;
  readonly floatOutput: number;
  /** Which activation the kernels compute; integer ones the swish alone. */
  readonly activations: Readonly<Record<Curve, number>>;
  readonly noActivation: number;
  /** The bit by which the kernels take the dot product of bytes that is faster here; both give the same. */
  readonly dot: number;
}

/**
 * The relaxed kernels are faster and not for every runtime. Floats come out with other last digits, as they add and multiply
 * in one step, rounded once; integers are the same from both.
 */
export type KernelFlavour = 'plain' | 'relaxed';

/** The compiled kernels, and memory for them; both can be posted to a worker. */
export type CompiledKernels = WebAssembly.Module;
export type KernelMemory = WebAssembly.Memory;

export interface KernelModule {
  readonly module: CompiledKernels;
  /** Tells these kernels from others; undefined where Node.js has no CRC-32 (before 20.15). */
  readonly checksum: string | undefined;
  readonly constants: KernelConstants;
  /** Bytes of scratch memory that `conv_f32` needs. */
  convScratchBytes(kernelHeight: number, kernelWidth: number, inChannels: number): number;
  /** The same for `conv_i8`; depth: inputs of a window, rounded up to a multiple of 8. */
  integerScratchBytes(inChannels: number, depth: number, outWidth: number, format: number): number;
}

const PAGE_BYTES = 65536;
const kernelFiles: Readonly<Record<KernelFlavour, URL>> = {
  plain: packageFile('build/kernels.wasm'),
  relaxed: packageFile('build/kernels.relaxed.wasm'),
};

const loading = new Map<KernelFlavour, Promise<KernelModule>>();

/**
 * Compiles a kernel module once per process; where the runtime has no relaxed SIMD, the plain one for it.
 * Throws RuntimeError where WASM SIMD is missing.
 */
export function loadKernels(flavour: KernelFlavour = 'relaxed'): Promise<KernelModule> {
  let module = loading.get(flavour);
  module ??= compileKernels(flavour);
  loading.set(flavour, module);
  return module;
}

async function compileKernels(flavour: KernelFlavour): Promise<KernelModule> {
  if (typeof WebAssembly === 'undefined') {
    throw new RuntimeError({
      where: `Node.js ${process.version}`,
      problem: 'WebAssembly is switched off',
      remedy: 'start it without --jitless, also in NODE_OPTIONS',
    });
  }
  const bytes = await readFile(kernelFiles[flavour]);
  if (!WebAssembly.validate(bytes)) {
    if (flavour === 'relaxed') return loadKernels('plain');
    throw new RuntimeError({
      where: `Node.js ${process.version} (${process.arch})`,
      problem: 'WebAssembly SIMD and shared memory are not available here',
      expected: 'Node.js 20 or newer on a processor with SIMD',
    });
  }
  const module = await WebAssembly.compile(bytes).catch((cause) => {
    throw new RuntimeError({ where: 'WebAssembly', problem: 'the kernels cannot be compiled' }, { cause });
  });
  const exports = instance(module, createMemory(PAGE_BYTES));
  return {
    module,
    checksum: zlib.crc32?.(bytes).toString(16),
    constants: {
      heapBase: exports.HEAP_BASE.value,
      channelTile: exports.CHANNEL_TILE.value,
      pixelTile: exports.PIXEL_TILE.value,
      halfHeaderBytes: exports.HALF_HEADER_BYTES.value,
      resampleSlack: exports.RESAMPLE_SLACK.value,
      narrowBytes: exports.NARROW_BYTES.value,
      headerBytes: exports.HEADER_BYTES.value,
      listBytes: exports.list_bytes,
      wideInput: exports.WIDE_INPUT.value,
      wideOutput: exports.WIDE_OUTPUT.value,
      wideResidual: exports.WIDE_RESIDUAL.value,
      floatOutput: exports.FLOAT_OUTPUT.value,
      activations: activationsOf(exports),
      noActivation: exports.NO_ACTIVATION.value,
      dot: exports.NARROW_BYTES.value === 1 && hasFusedDot(exports) ? exports.FUSED_DOT.value : 0,
    },
    convScratchBytes: exports.conv_scratch_f32,
    integerScratchBytes: exports.conv_scratch_i8,
  };
}

function activationsOf(exports: Exports): Record<Curve, number> {
  return {
    swish: exports.SWISH.value,
    sigmoid: exports.SIGMOID.value,
    tanh: exports.TANH.value,
    hardSwish: exports.HARD_SWISH.value,
    hardSigmoid: exports.HARD_SIGMOID.value,
    leakyRelu: exports.LEAKY_RELU.value,
    elu: exports.ELU.value,
    selu: exports.SELU.value,
    gelu: exports.GELU.value,
    geluTanh: exports.GELU_TANH.value,
    softplus: exports.SOFTPLUS.value,
    softsign: exports.SOFTSIGN.value,
    mish: exports.MISH.value,
    exponential: exports.EXPONENTIAL.value,
  };
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
export function bindKernels({ module }: Pick<KernelModule, 'module'>, memory: WebAssembly.Memory): Kernels {
  return instance(module, memory);
}

function instance(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  try {
    return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  } catch (cause) {
    throw new RuntimeError({ where: 'WebAssembly', problem: 'the kernels cannot be instantiated' }, { cause });
  }
}

/**
 * Whether the dot product of bytes is one instruction (Arm's dot product; AVX-VNNI, from Node 24 on) and not put together from
 * 16-bit sums, which cannot tell 255 · 127 · 4 from less. A wrong answer costs time only.
 */
function hasFusedDot({ dot_of_bytes }: Pick<Exports, 'dot_of_bytes'>): boolean {
  return dot_of_bytes(127, 255) !== 2 * 32767;
}
