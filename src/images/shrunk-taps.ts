import type { Taps } from '../domain/pixel-kernels.js';
import type { Stretch } from './shrink.js';

/** One axis of a picture that was decoded to fewer pixels than it has, and the part of them that it takes up. */
export interface ShrunkAxis {
  readonly pixels: number;
  readonly part: Stretch;
}

/** Lanczos3 reaches so many pixels to either side. */
const REACH = 3;
const NEIGHBOURS = 2 * REACH;

/** Positions between two pixels that are told apart. */
const PHASES = 256;

let interpolation: Float64Array | undefined;

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Weights of the six pixels around each position between two: [PHASES + 1, NEIGHBOURS]. */
function interpolationWeights(): Float64Array {
  if (interpolation) return interpolation;
  const weights = new Float64Array((PHASES + 1) * NEIGHBOURS);
  for (let phase = 0; phase <= PHASES; phase++) {
    const row = weights.subarray(phase * NEIGHBOURS, (phase + 1) * NEIGHBOURS);
    for (let at = 0; at < NEIGHBOURS; at++) {
      const distance = at - (REACH - 1) - phase / PHASES;
      row[at] = Math.abs(distance) < REACH ? sinc(distance) * sinc(distance / REACH) : 0;
    }
    const sum = row.reduce((total, weight) => total + weight, 0);
    for (let at = 0; at < NEIGHBOURS; at++) row[at]! /= sum;
  }
  interpolation = weights;
  return weights;
}

/**
 * Taps that read a shrunk picture in place of the whole one: they give what `whole` gives of the shrunk picture enlarged to its
 * own size by Lanczos interpolation, in one step. Taps for the size that it was shrunk to would blur less than `whole` does,
 * which moves probabilities twice as far (measured).
 * @param whole for the picture's own size
 * @param source that size
 */
export function tapsOfShrunk(whole: Taps, source: number, { pixels, part }: ShrunkAxis): Taps {
  const interpolated = interpolationWeights();
  const count = whole.first.length;
  const scale = part.length / source;
  const size = Math.min(pixels, Math.ceil(whole.size * scale) + NEIGHBOURS + 1);
  const first = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Int32Array(count * size);
  const row = new Float64Array(size);
  /** Where the middle of a pixel of the whole picture lies, counted from the middle of the first pixel. */
  const positionOf = (pixel: number) => part.start + (pixel + 0.5) * scale - 0.5;
  for (let i = 0; i < count; i++) {
    const from = whole.first[i]!;
    const taps = whole.length[i]!;
    const start = clamp(Math.floor(positionOf(from)) - (REACH - 1), pixels);
    const end = clamp(Math.floor(positionOf(from + taps - 1)) + REACH, pixels) + 1;
    row.fill(0);
    for (let tap = 0; tap < taps; tap++) {
      const position = positionOf(from + tap);
      const below = Math.floor(position);
      const phase = Math.round((position - below) * PHASES) * NEIGHBOURS;
      const weight = whole.weights[i * whole.size + tap]!;
      for (let at = 0; at < NEIGHBOURS; at++) {
        // The picture goes on beyond its edges as it is there.
        row[clamp(below - (REACH - 1) + at, pixels) - start]! += weight * interpolated[phase + at]!;
      }
    }
    first[i] = start;
    length[i] = end - start;
    for (let at = 0; at < end - start; at++) weights[i * size + at] = Math.round(row[at]!);
  }
  return { size, first, length, weights, bits: whole.bits };
}

function clamp(pixel: number, pixels: number): number {
  return Math.min(Math.max(pixel, 0), pixels - 1);
}
