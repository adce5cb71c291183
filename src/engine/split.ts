import type { KernelName } from './kernels.js';
import { wholeTileRows } from './lower-windows.js';
import type { Step } from './plan.js';

/** Arguments of one kernel call. */
export type Args = readonly number[];

/** How one kernel's work is cut into calls that write to disjoint memory and may run at once, in any order. */
interface Rule {
  /** Multiply-adds, or what takes about as long. */
  work(args: Args): number;
  /** At most `parts` calls that together give bit for bit what the one call gives. */
  split(args: Args, parts: number, pixelTile: number, strides: readonly number[]): readonly Args[];
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

/**
 * Kernels that are not named here run as a whole, on one thread: `softmax_f32` and `global_average_pool_f32`, whose
 * sums would come out differently, or whose inputs have no stride of their own.
 */
const rules: Partial<Record<KernelName, Rule>> = {
  pointwise_f32: {
    work: ([, , , , pixels, inChannels, outChannels]) => pixels! * inChannels! * outChannels!,
    split: splitPointwise,
  },
  conv_f32: {
    work: (args) => {
      const [inChannels, outWidth, outChannels, rowStart, rowEnd, kernelHeight, kernelWidth] = from(args, 6);
      return (rowEnd - rowStart) * outWidth * outChannels * inChannels * kernelHeight * kernelWidth;
    },
    // The linear kernels sum a pixel otherwise in a whole tile than in the last, broken one.
    split: (args, parts, pixelTile) => splitRows(args, 9, parts, wholeTileRows(args[7]!, pixelTile)),
  },
  conv_direct_f32: {
    work: (args) => {
      const [outHeight, outWidth, , channels] = from(args, 7);
      return outHeight * outWidth * channels * depthOf(args);
    },
    split: splitChannels,
  },
  depthwise_f32: {
    // About a third of a matrix product's rate.
    work: (args) => WINDOW_VALUE * windowWork(args, 5),
    split: (args, parts) => splitRows(args, 7, parts, 1),
  },
  max_pool_f32: {
    work: (args) => WINDOW_VALUE * windowWork(args, 4),
    split: (args, parts) => splitRows(args, 6, parts, 1),
  },
  average_pool_f32: {
    work: (args) => WINDOW_VALUE * windowWork(args, 4),
    split: (args, parts) => splitRows(args, 6, parts, 1),
  },
  add_f32: elementwise(3, 3, VALUE),
  multiply_f32: elementwise(3, 3, VALUE),
  subtract_f32: elementwise(3, 3, VALUE),
  maximum_f32: elementwise(3, 3, VALUE),
  minimum_f32: elementwise(3, 3, VALUE),
  clamp_f32: elementwise(2, 2, VALUE),
  activate_f32: elementwise(2, 2, EXPONENTIAL),
  scale_f32: byFloatPixels([0, 1], 3, 4),
  scale_pixels_f32: {
    work: (args) => VALUE * args[3]! * args[4]!,
    split: (args, parts) => {
      const [output, input, gate, pixels, channels, gateStride] = from(args, 0);
      return ranges(0, pixels, parts, 1).map(([first, end]) =>
        replace(
          args,
          [0, output + first * channels * FLOAT],
          [1, input + first * channels * FLOAT],
          [2, gate + first * gateStride * FLOAT],
          [3, end - first],
        ),
      );
    },
  },
  move_f32: {
    work: (args) => VALUE * (args[9]! - args[8]!) * args[7]! * args[6]!,
    split: (args, parts) => splitRows(args, 8, parts, 1),
  },
  resize_f32: {
    work: (args) => 4 * VALUE * (args[8]! - args[7]!) * args[6]! * args[5]!,
    split: (args, parts) => splitRows(args, 7, parts, 1),
  },
  pointwise_i8: byPixels([0, 1, 3], 4, (args) => (args[4]! * args[5]! * args[6]!) / 2),
  conv_i8: {
    work: ([, , , , , , , , , depth, outWidth, outChannels, rowStart, rowEnd]) =>
      ((rowEnd! - rowStart!) * outWidth! * outChannels! * depth!) / 2,
    split: (args, parts) => splitRows(args, 12, parts, 1),
  },
  depthwise_i8: {
    work: ([, , , , , , channels, outWidth, rowStart, rowEnd, kernelSize]) =>
      2 * (rowEnd! - rowStart!) * outWidth! * channels! * kernelSize! ** 2,
    split: (args, parts) => splitRows(args, 8, parts, 1),
  },
  quantise_i8: byPixels([0, 1], 3, (args) => VALUE * args[3]! * args[4]!),
  dequantise_i8: byPixels([0, 1], 3, (args) => VALUE * args[3]! * args[4]!),
  add_i8: byPixels([0, 1, 2], 4, (args) => VALUE * args[4]! * args[5]!),
  scale_i8: byPixels([0, 1], 4, (args) => VALUE * args[4]! * args[5]!),
};

/** Argument that holds the address of scratch memory, of which every thread needs its own. */
const scratchArguments: Partial<Record<KernelName, number>> = { conv_f32: 3, conv_direct_f32: 3, conv_i8: 4 };

/** A step as at most `parts` calls' arguments, in the order of what they write; one where that is not worth it. */
export function splitStep({ kernel, args, strides = [] }: Step, parts: number, pixelTile: number): readonly Args[] {
  const rule = rules[kernel];
  if (!rule) return [args];
  const worthwhile = Math.min(parts, Math.floor(rule.work(args) / LEAST_WORK));
  return worthwhile < 2 ? [args] : rule.split(args, worthwhile, pixelTile, strides);
}

/** The same call on thread `thread`, whose scratch memory lies behind that of the threads before it. */
export function forThread(step: Step, args: Args, thread: number): Args {
  const at = scratchArguments[step.kernel];
  return at === undefined || thread === 0 ? args : replace(args, [at, args[at]! + thread * step.scratchBytes]);
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

/** Pixels where there are several; of a dense layer the panels of output channels. */
function splitPointwise(args: Args, parts: number, pixelTile: number): readonly Args[] {
  const [output, input, weights, residual, pixels, inChannels, outChannels] = args as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (pixels === 1) {
    // Panels of 8 channels, two to a cache line.
    return ranges(0, outChannels, parts, LINE).map(([from, to]) =>
      replace(
        args,
        [0, output + from * FLOAT],
        [2, weights + from * (inChannels + 1) * FLOAT],
        [3, residual && residual + from * FLOAT],
        [6, to - from],
      ),
    );
  }
  return ranges(0, pixels, parts, pixelTile).map(([from, to]) =>
    replace(
      args,
      [0, output + from * outChannels * FLOAT],
      [1, input + from * inChannels * FLOAT],
      [3, residual && residual + from * outChannels * FLOAT],
      [4, to - from],
    ),
  );
}

/** Kernels that take rowStart and, next to it, rowEnd. */
function splitRows(args: Args, rowStart: number, parts: number, multiple: number): readonly Args[] {
  return ranges(args[rowStart]!, args[rowStart + 1]!, parts, multiple).map(([from, to]) =>
    replace(args, [rowStart, from], [rowStart + 1, to]),
  );
}

/** Inputs of a window of `conv_direct_f32`. */
function depthOf(args: Args): number {
  return args[13]! * args[14]! * args[21]!;
}

/** Output channels, panels of 8, two to a cache line. */
function splitChannels(args: Args, parts: number): readonly Args[] {
  const [output, , weights] = from(args, 0);
  return ranges(0, args[10]!, parts, LINE).map(([first, end]) =>
    replace(
      args,
      [0, output + first * FLOAT],
      [2, weights + first * (depthOf(args) + 1) * FLOAT],
      [10, end - first],
      [11, args[11]! + first],
    ),
  );
}

/** Values that a window kernel reads, whose arguments from `channels` on are: channels, width, rows, window. */
function windowWork(args: Args, channelsAt: number): number {
  const [channels, outWidth, rowStart, rowEnd, kernelHeight, kernelWidth] = from(args, channelsAt);
  return (rowEnd - rowStart) * outWidth * channels * kernelHeight * kernelWidth;
}

/** Arguments from `index` on, as many as the kernel has. */
function from(args: Args, index: number): [number, number, number, number, number, number, number] {
  return args.slice(index) as [number, number, number, number, number, number, number];
}

/** `addresses` addresses first, then at `count` how many floats there are at each. */
function elementwise(addresses: number, count: number, cost: number): Rule {
  return {
    work: (args) => cost * args[count]!,
    split: (args, parts) =>
      ranges(0, args[count]!, parts, LINE).map(([from, to]) => {
        const moved = args.slice(0, addresses).map((address, index) => [index, address + from * FLOAT] as const);
        return replace(args, ...moved, [count, to - from]);
      }),
  };
}

/** Maps of floats, pixel by pixel: arguments that are addresses of pixels, their number, and the channels of each. */
function byFloatPixels(addresses: readonly number[], pixels: number, channels: number): Rule {
  return {
    work: (args) => VALUE * args[pixels]! * args[channels]!,
    split: (args, parts) =>
      ranges(0, args[pixels]!, parts, 1).map(([first, end]) => {
        const moved = addresses.map((at) => [at, args[at]! + first * args[channels]! * FLOAT] as const);
        return replace(args, ...moved, [pixels, end - first]);
      }),
  };
}

/** Integer kernels, exact wherever they are cut: arguments that are addresses of pixels (0 for none), and their number. */
function byPixels(addresses: readonly number[], pixels: number, work: Rule['work']): Rule {
  return {
    work,
    split: (args, parts, _pixelTile, strides) =>
      strides.length === 0
        ? [args]
        : ranges(0, args[pixels]!, parts, 1).map(([from, to]) => {
            const moved = addresses.map((at, index) => [at, args[at]! && args[at]! + from * strides[index]!] as const);
            return replace(args, ...moved, [pixels, to - from]);
          }),
  };
}

function replace(args: Args, ...changes: (readonly [index: number, value: number])[]): Args {
  const replaced = [...args];
  for (const [index, value] of changes) replaced[index] = value;
  return replaced;
}
