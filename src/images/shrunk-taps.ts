import type { Taps } from '../domain/pixel-kernels.js';
import type { Stretch } from './shrink.js';

/** One axis of a picture that was decoded to fewer pixels than it has, and the part of them that it takes up. */
export interface ShrunkAxis {
  readonly pixels: number;
  readonly part: Stretch;
  /** Pixels of which each is the average; 1 where it was scaled in another way. */
  readonly block: number;
}

/** How a pixel of the whole picture follows from the shrunk ones around it. */
interface Interpolation {
  readonly neighbours: number;
  /** Neighbours to the left of the shrunk pixel in which, or right of whose middle, the pixel lies. */
  readonly before: number;
  /** Places between two shrunk pixels that are told apart. */
  readonly places: number;
  /** Where the first place is, counted in places from the left edge of a shrunk pixel. */
  readonly origin: number;
  /** Of all neighbours, for each place: [places, neighbours]. */
  readonly weights: Float64Array;
}

/** Lanczos3 reaches so many pixels to either side. */
const REACH = 3;
const LANCZOS_PLACES = 256;

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Lanczos3, for a picture that was scaled smoothly. */
function byLanczos(): Interpolation {
  const neighbours = 2 * REACH;
  const weights = new Float64Array(LANCZOS_PLACES * neighbours);
  for (let place = 0; place < LANCZOS_PLACES; place++) {
    const row = weights.subarray(place * neighbours, (place + 1) * neighbours);
    for (let at = 0; at < neighbours; at++) {
      const distance = at - (REACH - 1) - place / LANCZOS_PLACES;
      row[at] = Math.abs(distance) < REACH ? sinc(distance) * sinc(distance / REACH) : 0;
    }
    const sum = row.reduce((total, weight) => total + weight, 0);
    for (let at = 0; at < neighbours; at++) row[at]! /= sum;
  }
  // Counted from the middle of a pixel; a place goes half of the way to either side.
  return { neighbours, before: REACH - 1, places: LANCZOS_PLACES, origin: LANCZOS_PLACES / 2 - 0.5, weights };
}

/** Of this block and two to either side. */
const BLOCKS = 5;
/** Edges of these blocks, counted from the middle one's left. */
const EDGES = [-2, -1, 0, 1, 2, 3];

/**
 * For averages of blocks: the curve through the sums of all pixels up to each edge of a block, whose rise from one edge of a
 * pixel to the next is that pixel. Averages of what it gives are the averages that there are.
 */
function byAverages(block: number): Interpolation {
  const weights = new Float64Array(block * BLOCKS);
  for (let place = 0; place < block; place++) {
    const [left, right] = [atEdges(place / block), atEdges((place + 1) / block)];
    let rise = 0;
    // A block counts in the sums at all edges to its right.
    for (let edge = BLOCKS; edge > 0; edge--) {
      rise += block * (right[edge]! - left[edge]!);
      weights[place * BLOCKS + edge - 1] = rise;
    }
  }
  return { neighbours: BLOCKS, before: 2, places: block, origin: 0, weights };
}

/** Weights of the values at the edges for one between them: Lagrange's polynomial. */
function atEdges(position: number): readonly number[] {
  return EDGES.map((edge) =>
    EDGES.reduce((weight, other) => (other === edge ? weight : (weight * (position - other)) / (edge - other)), 1),
  );
}

const interpolations = new Map<number, Interpolation>();

function interpolationOf(block: number): Interpolation {
  const known = interpolations.get(block) ?? (block === 1 ? byLanczos() : byAverages(block));
  interpolations.set(block, known);
  return known;
}

/**
 * Taps that read a shrunk picture in place of the whole one: they give what `whole` gives of the shrunk picture enlarged to its
 * own size, in one step. Taps for the size that it was shrunk to would blur less than `whole` does, which moves probabilities
 * twice as far (measured).
 * @param whole for the picture's own size
 * @param source that size
 */
export function tapsOfShrunk(whole: Taps, source: number, axis: ShrunkAxis): Taps {
  const { pixels, part, block } = axis;
  const count = whole.first.length;
  const interpolation = interpolationOf(block);
  const placing = { ...interpolation, pixels, start: part.start, scale: part.length / source };
  const size = Math.min(pixels, Math.ceil(whole.size * placing.scale) + interpolation.neighbours + 1);
  const first = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Int32Array(count * size);
  const row = new Float64Array(size);
  for (let i = 0; i < count; i++) {
    const start = firstOf(whole.first[i]!, placing);
    const last = firstOf(whole.first[i]! + whole.length[i]! - 1, placing) + placing.neighbours - 1;
    first[i] = clamp(start, pixels);
    length[i] = clamp(last, pixels) + 1 - first[i]!;
    row.fill(0);
    addTaps(row, first[i]!, whole, i, placing);
    for (let at = 0; at < length[i]!; at++) weights[i * size + at] = Math.round(row[at]!);
  }
  return { size, first, length, weights, bits: whole.bits };
}

/** Where pixels of the whole picture lie among shrunk ones. */
interface Placing extends Interpolation {
  readonly pixels: number;
  readonly start: number;
  readonly scale: number;
}

/** Of a pixel of the whole picture, counted from the left edge of the first shrunk one. */
function placeOf(pixel: number, { start, scale, places, origin }: Placing): number {
  return Math.floor((start + (pixel + 0.5) * scale) * places - origin);
}

/** The first neighbour of a pixel of the whole picture. */
function firstOf(pixel: number, placing: Placing): number {
  return Math.floor(placeOf(pixel, placing) / placing.places) - placing.before;
}

/**
 * Adds the weights of one output pixel. A function of its own, without closures: V8 optimises it once, after the first
 * pixels, and need not do so in the middle of a loop.
 */
function addTaps(row: Float64Array, start: number, whole: Taps, index: number, placing: Placing): void {
  const { neighbours, before, places, weights: interpolated, pixels } = placing;
  const from = whole.first[index]!;
  const taps = whole.length[index]!;
  for (let tap = 0; tap < taps; tap++) {
    const place = placeOf(from + tap, placing);
    const neighbour = Math.floor(place / places) - before;
    const weight = whole.weights[index * whole.size + tap]!;
    const of = (place - (neighbour + before) * places) * neighbours;
    if (neighbour >= 0 && neighbour + neighbours <= pixels) {
      for (let at = 0; at < neighbours; at++) row[neighbour - start + at]! += weight * interpolated[of + at]!;
    } else {
      // The picture goes on beyond its edges as it is there.
      for (let at = 0; at < neighbours; at++) {
        row[clamp(neighbour + at, pixels) - start]! += weight * interpolated[of + at]!;
      }
    }
  }
}

function clamp(pixel: number, pixels: number): number {
  return Math.min(Math.max(pixel, 0), pixels - 1);
}
