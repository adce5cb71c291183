import type { Kernels } from './kernels.js';

const MAPS = ['output', 'input'] as const;
const PAIR = ['output', 'a', 'b'] as const;
const CHANNELS = ['inChannels', 'outChannels'] as const;
const ROWS = ['rowStart', 'rowEnd'] as const;
const WINDOW = ['kernelHeight', 'kernelWidth', 'strideHeight', 'strideWidth'] as const;
const DILATION = ['dilationHeight', 'dilationWidth'] as const;
const PADDING = ['padTop', 'padLeft'] as const;
const CLAMP = ['min', 'max'] as const;

const COMBINE = [...PAIR, 'count'] as const;
const ACTIVATE = [...MAPS, 'count', 'activation', 'first', 'second'] as const;
const SOFTMAX = [...MAPS, 'count'] as const;
const POINTWISE = [...MAPS, 'weights', 'residual', 'pixels', ...CHANNELS, ...CLAMP] as const;
const HALF = [
  ...[...MAPS, 'halves', 'biases', 'residual', 'scratch', 'pixels', ...CHANNELS, 'rows', 'columns', ...CLAMP],
] as const;
const POOL = [...MAPS, 'inHeight', 'inWidth', 'channels', 'outWidth', ...ROWS, ...WINDOW, ...PADDING] as const;
const EXACT_POOL = [
  ...[...MAPS, 'inHeight', 'inWidth', 'channels', 'outWidth', ...ROWS, 'kernelHeight', 'kernelWidth', 'stride'],
  ...PADDING,
] as const;
const CONVERT = [...MAPS, 'parameters', 'pixels', 'channels', 'format'] as const;
const SQUARE = ['kernelSize', 'stride', ...PADDING, 'format', 'activation'] as const;

/** A name for each parameter of a function. */
type NamesOf<Parameters extends readonly unknown[]> = { readonly [Index in keyof Parameters]: string };

/**
 * The arguments of each kernel that networks call, in the kernel's order, which is known nowhere else. The compiler compares
 * their numbers with the built kernels, a test their names.
 */
export const signatures = {
  activate_f32: ACTIVATE,
  activate_rounded_f32: ACTIVATE,
  add_f32: [...PAIR, 'count', ...CLAMP],
  add_i8: [...PAIR, 'parameters', 'pixels', 'channels', 'format'],
  average_pool_f32: [...POOL, 'countsPadding', ...CLAMP],
  clamp_f32: [...MAPS, 'count', ...CLAMP],
  conv_direct_f32: [
    ...[...MAPS, 'weights', 'scratch', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outStride'],
    ...['channels', 'firstChannel', 'chunkRows', ...WINDOW, ...DILATION, ...PADDING],
    ...['panelChannels', 'inOfGroup', 'outOfGroup', ...CLAMP],
  ],
  conv_f32: [
    ...[...MAPS, 'weights', 'scratch', 'inHeight', 'inWidth', 'inChannels', 'outWidth', 'outChannels', ...ROWS],
    ...[...WINDOW, ...DILATION, ...PADDING, ...CLAMP],
  ],
  conv_i8: [
    ...[...MAPS, 'weights', 'zeros', 'scratch', 'inHeight', 'inWidth', 'pixelStride', 'inChannels', 'depth'],
    ...['outWidth', 'outChannels', ...ROWS, ...SQUARE],
  ],
  conv_rgb_i8: [
    ...[...MAPS, 'weights', 'zeros', 'scratch', 'inHeight', 'inWidth', 'outWidth', 'outChannels', ...ROWS],
    ...[...PADDING, 'format', 'activation'],
  ],
  copy_channels_f32: [...MAPS, 'pixels', 'channels', 'zeros', 'inStride', 'outStride', 'outOffset', 'inOffset'],
  depthwise_f32: [
    ...[...MAPS, 'weights', 'inHeight', 'inWidth', 'channels', 'outWidth', ...ROWS],
    ...[...WINDOW, ...DILATION, ...PADDING, ...CLAMP],
  ],
  depthwise_i8: [...MAPS, 'weights', 'padding', 'inHeight', 'inWidth', 'channels', 'outWidth', ...ROWS, ...SQUARE],
  dequantise_i8: CONVERT,
  exact_add_u8: [...PAIR, 'terms', 'count', 'mantissa', 'right', 'outZero', ...CLAMP],
  exact_average_pool_u8: [...EXACT_POOL, 'shift', ...CLAMP],
  exact_conv_u8: [
    ...[...MAPS, 'weights', 'scratch', 'inHeight', 'inWidth', 'pixelStride', 'inChannels', 'depth', 'outWidth'],
    ...['outChannels', ...ROWS, 'kernelHeight', 'kernelWidth', 'stride', ...PADDING, 'format', 'inZero'],
    ...['weightZero', 'outZero', ...CLAMP],
  ],
  exact_depthwise_u8: [
    ...[...MAPS, 'weights', 'padding', 'inHeight', 'inWidth', 'channels', 'outWidth', ...ROWS, 'kernelSize', 'stride'],
    ...[...PADDING, 'format', 'outZero', ...CLAMP],
  ],
  exact_dequantise_u8: [...MAPS, 'pixels', 'channels', 'stored', 'scale', 'zero'],
  exact_look_up_u8: [...MAPS, 'table', 'count'],
  exact_max_pool_u8: [...EXACT_POOL, ...CLAMP],
  exact_mean_u8: [...MAPS, 'constants', 'pixels', 'channels', 'outZero', ...CLAMP],
  exact_pointwise_u8: [
    ...[...MAPS, 'weights', 'scratch', 'pixels', ...CHANNELS, 'format', 'weightZero', 'outZero', ...CLAMP],
  ],
  exact_quantise_u8: [...MAPS, 'pixels', 'channels', 'stored', 'scale', 'zero'],
  exact_softmax_u8: [...MAPS, 'exponentials', 'count'],
  global_average_pool_f32: [...MAPS, 'pixels', 'channels'],
  global_average_pool_i8: CONVERT,
  look_up_f32: [...MAPS, 'table', 'pixels'],
  max_pool_f32: [...POOL, ...CLAMP],
  maximum_f32: COMBINE,
  minimum_f32: COMBINE,
  move_f32: [
    ...[...MAPS, 'inHeight', 'inWidth', 'channels', 'inStride', 'outStride', 'outWidth', ...ROWS],
    ...['top', 'left', 'value'],
  ],
  multiply_f32: COMBINE,
  pixels_i8: [...MAPS, 'runs', 'format'],
  pointwise_f32: POINTWISE,
  pointwise_half_f32: HALF,
  pointwise_i8: [...MAPS, 'weights', 'residual', 'pixels', ...CHANNELS, 'format', 'activation'],
  pointwise_rounded_f32: POINTWISE,
  pointwise_strassen_f32: [
    ...[...MAPS, 'weights', 'residual', 'scratch', 'pixels', 'inChannels', 'channels', 'outStride', ...CLAMP],
  ],
  pointwise_strassen_half_f32: HALF,
  pointwise_strassen_i8: [...MAPS, 'weights', 'residual', 'scratch', 'pixels', ...CHANNELS, 'format', 'activation'],
  prelu_f32: [...MAPS, 'slopes', 'pixels', 'channels', 'perPixel'],
  quantise_i8: CONVERT,
  repeat_channels_f32: [...MAPS, 'pixels', 'channels', 'multiplier', 'inStride', 'outStride'],
  resize_f32: [...MAPS, 'rows', 'columns', 'inWidth', 'channels', 'outWidth', ...ROWS],
  scale_f32: [...MAPS, 'gate', 'pixels', 'channels'],
  scale_i8: [...MAPS, 'parameters', 'gate', 'pixels', 'channels', 'format'],
  scale_pixels_f32: [...MAPS, 'gate', 'pixels', 'channels', 'gateStride'],
  softmax_f32: SOFTMAX,
  softmax_rounded_f32: SOFTMAX,
  subtract_f32: COMBINE,
  transpose_f32: [...MAPS, 'pixels', 'channels', 'zeros', 'inStride'],
} as const satisfies { readonly [K in keyof Kernels]?: NamesOf<Parameters<Kernels[K]>> };

/** Kernels that a step of a plan may call. */
export type KernelName = keyof typeof signatures;

/** The arguments of a kernel by name. */
export type Arguments<Kernel extends KernelName, Value = number> = {
  readonly [Name in (typeof signatures)[Kernel][number]]: Value;
};

/** A kernel with its arguments by name: what planning works on. */
export type NamedCall<Value = number> = {
  readonly [Kernel in KernelName]: { readonly kernel: Kernel; readonly args: Arguments<Kernel, Value> };
}[KernelName];

/** A kernel with its arguments in its order: what threads are told, and bind. */
export interface Call {
  readonly kernel: KernelName;
  readonly args: readonly number[];
}

/*
 * A plan has a thousand arguments: V8 optimises a function that is called for each of them, which takes a start longer than
 * it saves, and a loop not.
 */

export function orderCall({ kernel, args }: NamedCall): Call {
  const named: Readonly<Record<string, number>> = args;
  const ordered: number[] = [];
  for (const name of signatures[kernel]) ordered.push(named[name]!);
  return { kernel, args: ordered };
}

/** The reverse of `orderCall`. */
export function nameCall({ kernel, args }: Call): NamedCall {
  const named: Record<string, number> = {};
  let at = 0;
  for (const name of signatures[kernel]) named[name] = args[at++]!;
  return { kernel, args: named } as NamedCall;
}

/** Calls a kernel by the names of its arguments, for what is called once. */
export function callKernel(kernels: Kernels, call: NamedCall): void {
  (kernels[call.kernel] as (...args: readonly number[]) => void)(...orderCall(call).args);
}
