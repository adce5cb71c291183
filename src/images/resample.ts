import type { ColumnSpan, PixelKernels, Taps } from '../domain/pixel-kernels.js';
import type { ResizeFilter } from '../domain/preprocessing.js';
import { type ShrunkAxis, tapsOfShrunk } from './shrunk-taps.js';

/**
 * One axis of a resize: `source` pixels become `scaled`, of which only `count` from `start` on are computed.
 * 0 ≤ start, start + count ≤ scaled.
 */
export interface ResampleAxis {
  readonly source: number;
  readonly scaled: number;
  readonly start: number;
  readonly count: number;
  /** Where the source was decoded to fewer pixels than it has. */
  readonly shrunk?: ShrunkAxis;
}

/**
 * Where in the source a position of the scaled axis lies, both counted from the left edge of the first pixel: position i + ½
 * is the middle of pixel i. TensorFlow 1 aligns the corners of pixels, all others their edges.
 */
export function sourcePosition(axis: ResampleAxis, filter: ResizeFilter, position: number): number {
  const scale = axis.source / axis.scaled;
  return filter === 'tf1-bilinear' ? (position - 0.5) * scale + 0.5 : position * scale;
}

/** Pillow's fixed point: 8 bits of pixel, 2 bits of headroom for overshoot, the rest of an int32 for the weight. */
const PRECISION_BITS = 32 - 8 - 2;

interface Kernel {
  /** Half the width in output pixels when enlarging. */
  readonly support: number;
  readonly weigh: (x: number) => number;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

const kernels: Readonly<Record<'pil-bilinear' | 'pil-bicubic' | 'lanczos3', Kernel>> = {
  'pil-bilinear': {
    support: 1,
    weigh: (x) => Math.max(0, 1 - Math.abs(x)),
  },
  // Keys' cubic convolution with a = −0.5.
  'pil-bicubic': {
    support: 2,
    weigh: (x) => {
      const a = -0.5;
      const d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
  lanczos3: {
    support: 3,
    weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
  },
};

/** The input pixels under the kernel of one output pixel. */
interface Reach {
  readonly centre: number;
  readonly from: number;
  readonly to: number;
}

/** Antialiasing: the kernel widens with the shrink, and never narrows below one output pixel. */
function supportOf(axis: ResampleAxis, kernel: Kernel): number {
  return kernel.support * Math.max(axis.source / axis.scaled, 1);
}

function reachOf(axis: ResampleAxis, support: number, index: number): Reach {
  const centre = (axis.start + index + 0.5) * (axis.source / axis.scaled);
  const from = Math.max(0, Math.trunc(centre - support + 0.5));
  return { centre, from, to: Math.min(axis.source, Math.trunc(centre + support + 0.5)) };
}

/** The input pixels that a resize reads; all of them where it does not go by kernels. */
export function readBy(axis: ResampleAxis, filter: ResizeFilter): ColumnSpan {
  if (filter === 'tf1-bilinear' || filter === 'nearest') return { first: 0, count: axis.source };
  const support = supportOf(axis, kernels[filter]);
  const { from } = reachOf(axis, support, 0);
  return { first: from, count: reachOf(axis, support, axis.count - 1).to - from };
}

/** Pictures of a batch often have the same size. */
const MOST_KEPT = 32;
/** Of larger pictures they take memory. */
const MOST_KEPT_WEIGHTS = 2 ** 13;

const kept = new Map<string, Taps>();

function tapsOf(axis: ResampleAxis, filter: keyof typeof kernels): Taps {
  const { source, scaled, start, count, shrunk } = axis;
  const key = [filter, source, scaled, start, count, shrunk?.pixels, shrunk?.part.start, shrunk?.block].join();
  const known = kept.get(key);
  if (known) return known;
  const whole = computeTaps(axis, kernels[filter]);
  const taps = shrunk ? tapsOfShrunk(whole, source, shrunk) : whole;
  if (taps.weights.length <= MOST_KEPT_WEIGHTS) {
    if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(key, taps);
  }
  return taps;
}

function computeTaps(axis: ResampleAxis, kernel: Kernel): Taps {
  const support = supportOf(axis, kernel);
  const inverse = 1 / Math.max(axis.source / axis.scaled, 1);
  const size = Math.min(Math.ceil(support) * 2 + 1, axis.source);
  const first = new Int32Array(axis.count);
  const length = new Int32Array(axis.count);
  const weights = new Int32Array(axis.count * size);
  const exact = new Float64Array(size);
  for (let i = 0; i < axis.count; i++) {
    const reach = reachOf(axis, support, i);
    weighTaps(reach, kernel, inverse, exact, weights.subarray(i * size, (i + 1) * size));
    first[i] = reach.from;
    length[i] = reach.to - reach.from;
  }
  return { size, first, length, weights, bits: PRECISION_BITS };
}

/** The taps of one output pixel; apart, as V8 optimises a function that is called often earlier than a long loop. */
function weighTaps(
  { centre, from, to }: Reach,
  kernel: Kernel,
  inverse: number,
  exact: Float64Array,
  weights: Int32Array,
): void {
  const taps = to - from;
  let sum = 0;
  for (let t = 0; t < taps; t++) {
    const weight = kernel.weigh((t + from - centre + 0.5) * inverse);
    exact[t] = weight;
    sum += weight;
  }
  for (let t = 0; t < taps; t++) {
    const weight = (sum === 0 ? exact[t]! : exact[t]! / sum) * (1 << PRECISION_BITS);
    weights[t] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
  }
}

/**
 * Whether columns are scaled before rows. Between the passes pixels are rounded and clipped to 8 bits, so the order
 * shows in the last digit. Pillow before 13 always scaled rows first; 13.0 does columns first where the height loses
 * more than twice as many pixels as the width.
 */
function columnsComeFirst(x: ResampleAxis, y: ResampleAxis): boolean {
  const lost = y.source - y.scaled;
  return lost > 0 && lost > 2 * (x.source - x.scaled);
}

/** The input pixel under the middle of each output pixel; added up step by step as Pillow does, rounding included. */
function nearestPositions(axis: ResampleAxis): Int32Array {
  const scale = axis.source / axis.scaled;
  const positions = new Int32Array(axis.count);
  let position = scale * 0.5;
  for (let i = 0; i < axis.start; i++) position += scale;
  for (let i = 0; i < axis.count; i++) {
    positions[i] = Math.min(axis.source - 1, Math.trunc(position));
    position += scale;
  }
  return positions;
}

function resampleNearest(source: Uint8Array, x: ResampleAxis, y: ResampleAxis): Uint8Array {
  const columns = nearestPositions(x);
  const output = new Uint8Array(x.count * y.count * 3);
  let to = 0;
  for (const row of nearestPositions(y)) {
    for (let i = 0; i < x.count; i++) {
      const at = (row * x.source + columns[i]!) * 3;
      output[to++] = source[at]!;
      output[to++] = source[at + 1]!;
      output[to++] = source[at + 2]!;
    }
  }
  return output;
}

/**
 * Resizes 8-bit RGB exactly as Pillow's `Image.resize` does (src/libImaging/Resample.c, Geometry.c), but only the
 * asked window of it. Of a shrunk picture it gives nearly the same.
 *
 * @param source [y.source, held.count, 3], or as many rows as it was shrunk to
 * @param held the columns of the picture that the source has, among them all that `readBy` names; for `nearest` all
 * @returns [y.count, x.count, 3]
 */
export function resample(
  source: Uint8Array,
  x: ResampleAxis,
  y: ResampleAxis,
  filter: Exclude<ResizeFilter, 'tf1-bilinear'>,
  pixels: Pick<PixelKernels, 'convolve'>,
  held: ColumnSpan = { first: 0, count: x.shrunk?.pixels ?? x.source },
): Uint8Array {
  if (filter === 'nearest') return resampleNearest(source, x, y);
  return pixels.convolve(source, held, tapsOf(x, filter), tapsOf(y, filter), columnsComeFirst(x, y));
}

/** Two neighbours per output pixel and the weight of the second, in single precision as TensorFlow has it. */
function interpolate(axis: ResampleAxis): { lower: Int32Array; upper: Int32Array; weight: Float32Array } {
  const scale = Math.fround(axis.source / axis.scaled);
  const lower = new Int32Array(axis.count);
  const upper = new Int32Array(axis.count);
  const weight = new Float32Array(axis.count);
  for (let i = 0; i < axis.count; i++) {
    const position = Math.fround((axis.start + i) * scale);
    lower[i] = Math.min(Math.floor(position), axis.source - 1);
    upper[i] = Math.min(lower[i]! + 1, axis.source - 1);
    weight[i] = position - lower[i]!;
  }
  return { lower, upper, weight };
}

/**
 * TensorFlow 1's `resize_bilinear(align_corners=False)`: output pixel i lies at i × scale (corners, not pixel
 * centres), four neighbours, no antialias when shrinking, and no rounding to 8 bits.
 *
 * @param source [y.source, x.source, 3], 0…255
 * @returns [y.count, x.count, 3], 0…255
 */
export function resampleTf1(source: Uint8Array, x: ResampleAxis, y: ResampleAxis): Float32Array {
  const columns = interpolate(x);
  const rows = interpolate(y);
  const output = new Float32Array(x.count * y.count * 3);
  let to = 0;
  for (let row = 0; row < y.count; row++) {
    const top = rows.lower[row]! * x.source;
    const bottom = rows.upper[row]! * x.source;
    const down = rows.weight[row]!;
    for (let column = 0; column < x.count; column++) {
      const left = columns.lower[column]!;
      const right = columns.upper[column]!;
      const across = columns.weight[column]!;
      for (let channel = 0; channel < 3; channel++) {
        const topLeft = source[(top + left) * 3 + channel]!;
        const bottomLeft = source[(bottom + left) * 3 + channel]!;
        const above = Math.fround(topLeft + (source[(top + right) * 3 + channel]! - topLeft) * across);
        const below = Math.fround(bottomLeft + (source[(bottom + right) * 3 + channel]! - bottomLeft) * across);
        output[to++] = above + Math.fround(below - above) * down;
      }
    }
  }
  return output;
}
