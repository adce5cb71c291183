import type { KernelName } from './kernels.js';
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
/** An exponential counts as this many multiply-adds, a value that only passes through memory as half. */
const EXPONENTIAL = 32;
const VALUE = 16;

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
      const [, , , , , , inChannels, outWidth, outChannels, rowStart, rowEnd, kernelSize] = args;
      return (rowEnd! - rowStart!) * outWidth! * outChannels! * inChannels! * kernelSize! ** 2;
    },
    // The linear kernels sum a pixel otherwise in a whole tile than in the last, broken one.
    split: (args, parts, pixelTile) => splitRows(args, 9, parts, wholeTileRows(args[7]!, pixelTile)),
  },
  depthwise_f32: {
    // About a third of a matrix product's rate.
    work: ([, , , , , channels, outWidth, rowStart, rowEnd, kernelSize]) =>
      3 * (rowEnd! - rowStart!) * outWidth! * channels! * kernelSize! ** 2,
    split: (args, parts) => splitRows(args, 7, parts, 1),
  },
  max_pool_f32: {
    work: ([, , , , channels, outWidth, rowStart, rowEnd, kernelSize]) =>
      3 * (rowEnd! - rowStart!) * outWidth! * channels! * kernelSize! ** 2,
    split: (args, parts) => splitRows(args, 6, parts, 1),
  },
  add_f32: elementwise(3, 3, VALUE),
  clamp_f32: elementwise(2, 2, VALUE),
  sigmoid_f32: elementwise(2, 2, EXPONENTIAL),
  swish_f32: elementwise(2, 2, EXPONENTIAL),
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
  scale_f32: {
    work: ([, , , pixels, channels]) => VALUE * pixels! * channels!,
    split: (args, parts) => {
      const [output, input, , pixels, channels] = args as [number, number, number, number, number];
      const pixelBytes = channels * FLOAT;
      return ranges(0, pixels, parts, 1).map(([from, to]) =>
        replace(args, [0, output + from * pixelBytes], [1, input + from * pixelBytes], [3, to - from]),
      );
    },
  },
};

/** Argument that holds the address of scratch memory, of which every thread needs its own. */
const scratchArguments: Partial<Record<KernelName, number>> = { conv_f32: 3, conv_i8: 4 };

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

/** The least number of rows whose pixels fill whole tiles. */
function wholeTileRows(width: number, pixelTile: number): number {
  let rows = 1;
  while ((rows * width) % pixelTile !== 0) rows++;
  return rows;
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
