import type { Strides } from './kernel-calls.js';
import type { Arguments, KernelName } from './kernel-signatures.js';
import { wholeTileRows } from './lower-windows.js';
import type { Step } from './plan.js';

/** How a step is to be cut. */
interface Cut {
  /** At most so many. */
  readonly parts: number;
  readonly pixelTile: number;
  readonly strides: Strides;
}

/** How one kernel's work is cut into calls that write to disjoint memory and may run at once, in any order. */
interface Rule<Args> {
  /** Multiply-adds, or what takes about as long. */
  work(args: Args): number;
  /** What other arguments each of several calls has, which together give bit for bit what the one gives. */
  split(args: Args, cut: Cut): readonly Partial<Args>[];
}

/** Bytes of a float. */
const FLOAT = 4;
/** Floats of a cache line, which no two threads should write at the same time. */
const LINE = 16;
/** Less work than this (some µs) costs more to hand over than to do. */
const LEAST_WORK = 100_000;
/** An exponential counts as this many multiply-adds, a value that only passes through memory as half, one of a window as few. */
const EXPONENTIAL = 32;
const VALUE = 16;
const WINDOW_VALUE = 3;
/** Inputs of a window of three rows of three pixels of three channels. */
const COLOUR_WINDOW = 27;

/** Windows, at about a third of a matrix product's rate. */
const windows: Rule<WindowArguments> = {
  work: (args) => WINDOW_VALUE * windowWork(args),
  split: (args, { parts }) => splitRows(args, parts, 1),
};
const combination: Rule<Arguments<'multiply_f32'>> = {
  work: ({ count }) => VALUE * count,
  split: (args, { parts }) => splitElements(args, ['output', 'a', 'b'], parts),
};
const conversion: Rule<Arguments<'add_i8' | 'quantise_i8' | 'scale_i8'>> = {
  work: pixelWork,
  split: splitPixels,
};

/**
 * Kernels that are not named here run as a whole, on one thread: `softmax_f32` and `global_average_pool_f32`, whose
 * sums would come out differently, or whose inputs have no stride of their own.
 */
const rules: { readonly [Kernel in KernelName]?: Rule<Arguments<Kernel>> } = {
  pointwise_f32: { work: linearWork, split: splitPointwise },
  pointwise_strassen_f32: {
    work: (args) => linearWork({ ...args, outChannels: args.channels }),
    // By output channels: with few pixels the sums of weights would take each thread too long.
    split: (args, { parts }) =>
      splitPanels(args, args.channels, parts).map(({ outChannels, ...part }) => ({ ...part, channels: outChannels })),
  },
  conv_f32: {
    work: (args) => windowWork({ ...args, channels: args.outChannels }) * args.inChannels,
    // The linear kernels sum a pixel otherwise in a whole tile than in the last, broken one.
    split: (args, { parts, pixelTile }) => splitRows(args, parts, wholeTileRows(args.outWidth, pixelTile)),
  },
  conv_direct_f32: {
    work: (args) => args.outHeight * args.outWidth * args.channels * depthOf(args),
    split: splitChannels,
  },
  depthwise_f32: windows,
  max_pool_f32: windows,
  average_pool_f32: windows,
  add_f32: {
    work: ({ count }) => VALUE * count,
    split: (args, { parts }) => splitElements(args, ['output', 'a', 'b'], parts),
  },
  multiply_f32: combination,
  subtract_f32: combination,
  maximum_f32: combination,
  minimum_f32: combination,
  clamp_f32: {
    work: ({ count }) => VALUE * count,
    split: (args, { parts }) => splitElements(args, ['output', 'input'], parts),
  },
  activate_f32: {
    work: ({ count }) => EXPONENTIAL * count,
    split: (args, { parts }) => splitElements(args, ['output', 'input'], parts),
  },
  scale_f32: {
    work: pixelWork,
    split: (args, cut) => splitPixels(args, { ...cut, strides: mapStrides(args) }),
  },
  scale_pixels_f32: {
    work: pixelWork,
    split: (args, cut) =>
      splitPixels(args, { ...cut, strides: { ...mapStrides(args), gate: args.gateStride * FLOAT } }),
  },
  move_f32: {
    work: (args) => VALUE * (args.rowEnd - args.rowStart) * args.outWidth * args.outStride,
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  resize_f32: {
    work: (args) => 4 * VALUE * (args.rowEnd - args.rowStart) * args.outWidth * args.channels,
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  pointwise_i8: { work: (args) => linearWork(args) / 2, split: splitPixels },
  pointwise_strassen_i8: { work: (args) => linearWork(args) / 2, split: splitPixels },
  conv_i8: {
    work: (args) => ((args.rowEnd - args.rowStart) * args.outWidth * args.outChannels * args.depth) / 2,
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  conv_rgb_i8: {
    work: (args) => ((args.rowEnd - args.rowStart) * args.outWidth * args.outChannels * COLOUR_WINDOW) / 2,
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  depthwise_i8: {
    work: (args) => 2 * windowWork({ ...args, kernelHeight: args.kernelSize, kernelWidth: args.kernelSize }),
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  exact_pointwise_u8: {
    work: (args) => linearWork(args) / 2,
    split: (args, cut) => splitPixels(args, { ...cut, strides: { output: args.outChannels, input: args.inChannels } }),
  },
  exact_conv_u8: {
    work: (args) => ((args.rowEnd - args.rowStart) * args.outWidth * args.outChannels * args.depth) / 2,
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  exact_depthwise_u8: {
    work: (args) => 2 * windowWork({ ...args, kernelHeight: args.kernelSize, kernelWidth: args.kernelSize }),
    split: (args, { parts }) => splitRows(args, parts, 1),
  },
  exact_average_pool_u8: windows,
  exact_max_pool_u8: windows,
  exact_add_u8: {
    work: ({ count }) => VALUE * count,
    split: (args, { parts }) => splitElements(args, ['output', 'a', 'b'], parts, { bytes: 1, multiple: 4 * LINE }),
  },
  exact_quantise_u8: {
    work: pixelWork,
    split: (args, cut) => splitPixels(args, { ...cut, strides: { output: args.stored, input: args.channels * FLOAT } }),
  },
  quantise_i8: conversion,
  dequantise_i8: conversion,
  add_i8: conversion,
  scale_i8: conversion,
};

/** A step as at most `parts` steps, in the order of what they write; one where that is not worth it. */
export function splitStep(step: Step, parts: number, pixelTile: number): readonly Step[] {
  const rule = rules[step.kernel] as Rule<Step['args']> | undefined;
  if (!rule) return [step];
  const worthwhile = Math.min(parts, Math.floor(rule.work(step.args) / LEAST_WORK));
  if (worthwhile < 2) return [step];
  const cut = { parts: worthwhile, pixelTile, strides: step.strides ?? {} };
  return rule.split(step.args, cut).map((changed) => ({ ...step, args: { ...step.args, ...changed } }) as Step);
}

/** The same step on thread `thread`, whose scratch memory lies behind that of the threads before it. */
export function forThread(step: Step, thread: number): Step {
  if (!('scratch' in step.args)) return step;
  const scratch = step.args.scratch + thread * step.scratchBytes;
  return { ...step, args: { ...step.args, scratch } } as Step;
}

/**
 * from … to in at most `parts` runs of about one length, cut at multiples of `multiple` from `from`; an empty one is
 * left out.
 */
export function ranges(from: number, to: number, parts: number, multiple: number): (readonly [number, number])[] {
  const length = to - from;
  const found: (readonly [number, number])[] = [];
  let start = from;
  for (let part = 1; part <= parts; part++) {
    const cut = part === parts ? length : Math.round((length * part) / parts / multiple) * multiple;
    const end = Math.min(from + cut, to);
    if (end > start) found.push([start, end]);
    start = Math.max(start, end);
  }
  return found;
}

function linearWork(args: {
  readonly pixels: number;
  readonly inChannels: number;
  readonly outChannels: number;
}): number {
  return args.pixels * args.inChannels * args.outChannels;
}

function pixelWork({ pixels, channels }: { readonly pixels: number; readonly channels: number }): number {
  return VALUE * pixels * channels;
}

interface RowArguments {
  readonly rowStart: number;
  readonly rowEnd: number;
}

interface WindowArguments extends RowArguments {
  readonly channels: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
}

/** Values that a window kernel reads. */
function windowWork({ channels, outWidth, rowStart, rowEnd, kernelHeight, kernelWidth }: WindowArguments): number {
  return (rowEnd - rowStart) * outWidth * channels * kernelHeight * kernelWidth;
}

/** Pixels where there are several; of a dense layer the panels of output channels. */
function splitPointwise(args: Arguments<'pointwise_f32'>, { parts, pixelTile }: Cut) {
  const { output, input, residual, pixels, inChannels, outChannels } = args;
  if (pixels === 1) return splitPanels(args, outChannels, parts);
  return ranges(0, pixels, parts, pixelTile).map(([from, to]) => ({
    output: output + from * outChannels * FLOAT,
    input: input + from * inChannels * FLOAT,
    residual: residual && residual + from * outChannels * FLOAT,
    pixels: to - from,
  }));
}

/** Panels of 8 output channels, two to a cache line. */
function splitPanels(
  args: Pick<Arguments<'pointwise_f32'>, 'output' | 'weights' | 'residual' | 'inChannels'>,
  channels: number,
  parts: number,
) {
  const { output, weights, residual, inChannels } = args;
  return ranges(0, channels, parts, LINE).map(([from, to]) => ({
    output: output + from * FLOAT,
    weights: weights + from * (inChannels + 1) * FLOAT,
    residual: residual && residual + from * FLOAT,
    outChannels: to - from,
  }));
}

function splitRows(args: RowArguments, parts: number, multiple: number): readonly RowArguments[] {
  return ranges(args.rowStart, args.rowEnd, parts, multiple).map(([rowStart, rowEnd]) => ({ rowStart, rowEnd }));
}

/** Inputs of a window of `conv_direct_f32`. */
function depthOf({ kernelHeight, kernelWidth, panelChannels }: Arguments<'conv_direct_f32'>): number {
  return kernelHeight * kernelWidth * panelChannels;
}

/** Output channels, panels of 8, two to a cache line. */
function splitChannels(args: Arguments<'conv_direct_f32'>, { parts }: Cut) {
  return ranges(0, args.channels, parts, LINE).map(([from, to]) => ({
    output: args.output + from * FLOAT,
    weights: args.weights + from * (depthOf(args) + 1) * FLOAT,
    channels: to - from,
    firstChannel: args.firstChannel + from,
  }));
}

/** `count` values at each of the addresses, floats by default, cut into multiples of a cache line. */
function splitElements<Name extends string>(
  args: Readonly<Record<Name | 'count', number>>,
  addresses: readonly Name[],
  parts: number,
  { bytes, multiple } = { bytes: FLOAT, multiple: LINE },
) {
  return ranges(0, args.count, parts, multiple).map(([from, to]) => {
    const moved = addresses.map((name) => [name, args[name] + from * bytes] as const);
    return { ...Object.fromEntries(moved), count: to - from };
  });
}

/** Pixel by pixel, each address (but 0, for none) by its stride; as a whole where there are no strides. */
function splitPixels(args: { readonly pixels: number }, { parts, strides }: Cut) {
  const addresses = Object.entries(strides);
  if (addresses.length === 0) return [{}];
  const byName = args as Readonly<Record<string, number>>;
  return ranges(0, args.pixels, parts, 1).map(([from, to]) => {
    const moved = addresses.map(([name, bytes]) => [name, byName[name] && byName[name] + from * bytes] as const);
    return { ...Object.fromEntries(moved), pixels: to - from };
  });
}

/** Strides of two maps of floats with as many channels. */
function mapStrides({ channels }: { readonly channels: number }): Strides {
  return { output: channels * FLOAT, input: channels * FLOAT };
}
