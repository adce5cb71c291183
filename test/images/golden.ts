import { readFileSync } from 'node:fs';
import type { ResizeFilter } from '../../src/domain/preprocessing.js';

/** What preprocess.py writes; byte strings are base64. */
interface Golden {
  readonly grid: number;
  readonly mean: [number, number, number];
  readonly std: [number, number, number];
  readonly resizes: readonly {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly pixels: string;
    readonly outputs: Readonly<Record<ResizeFilter, string>>;
  }[];
  readonly decoded: Readonly<Record<string, { width: number; height: number; pixels: string }>>;
  readonly pipelines: readonly {
    readonly file: string;
    readonly crop: 'center' | 'squash';
    readonly resize?: number;
    readonly resolution: number;
    readonly filter: ResizeFilter;
    readonly grid: string;
    readonly mean: number;
  }[];
  readonly samples: Readonly<Record<string, string>>;
}

export const golden: Golden = JSON.parse(readFileSync(new URL('../golden/preprocess.json', import.meta.url), 'utf8'));

export function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

export function floatsOf(base64: string): Float32Array {
  return new Float32Array(bytesOf(base64).buffer);
}

/** Every `golden.grid`-th pixel of every `golden.grid`-th row of a resolution × resolution × 3 tensor. */
export function takeGrid(tensor: Float32Array, resolution: number): Float32Array {
  const values: number[] = [];
  for (let row = 0; row < resolution; row += golden.grid) {
    for (let column = 0; column < resolution; column += golden.grid) {
      const at = (row * resolution + column) * 3;
      values.push(tensor[at]!, tensor[at + 1]!, tensor[at + 2]!);
    }
  }
  return Float32Array.from(values);
}

export interface Difference {
  readonly mean: number;
  readonly maximum: number;
}

/** Of two equally long lists of numbers; unequal lengths differ infinitely. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  if (actual.length !== expected.length) return { mean: Number.POSITIVE_INFINITY, maximum: Number.POSITIVE_INFINITY };
  let sum = 0;
  let maximum = 0;
  for (let i = 0; i < actual.length; i++) {
    // A NaN is never smaller: it must not hide.
    const distance = Math.abs(actual[i]! - expected[i]!);
    if (!(distance <= maximum)) maximum = distance;
    sum += distance;
  }
  return { mean: sum / actual.length, maximum };
}
