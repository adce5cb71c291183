import { readFileSync } from 'node:fs';
import type { QuantisedGraph, QuantisedMap } from '../../src/weights/quantised-graph.js';

export interface TinyExact {
  /** A .tflite file, base64. */
  readonly file: string;
  /** The interpreter's output for `drawNoise` with seeds 1, 2, 3; base64. */
  readonly outputs: readonly string[];
}

export interface OutputExact {
  readonly sha256: string;
  /** Index and stored value of the five largest. */
  readonly top: readonly (readonly [number, number])[];
}

export interface FileExact {
  readonly files: readonly string[];
  readonly noise: OutputExact;
  readonly smooth: OutputExact;
}

/** What TFLite's interpreter gives with its reference kernels (golden/tflite_exact.py). */
export const exactGoldens: {
  readonly tiny: Readonly<Record<string, TinyExact>>;
  readonly files: Readonly<Record<string, FileExact>>;
} = JSON.parse(readFileSync(new URL('../golden/tflite-exact.json', import.meta.url), 'utf8'));

/** `noise` of golden/tflite_exact.py. */
export function drawNoise(count: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** `smooth` of golden/tflite_exact.py. */
export function drawSmooth(height: number, width: number): Uint8Array {
  const bytes: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      bytes.push(
        Math.floor((x * 255) / Math.max(width - 1, 1)),
        Math.floor((y * 255) / Math.max(height - 1, 1)),
        Math.floor(((x + y) * 255) / Math.max(width + height - 2, 1)),
      );
    }
  }
  return Uint8Array.from(bytes);
}

/** What takes and gives real values. */
interface Running {
  readonly input: Float32Array;
  run(): Float32Array;
}

/** Stored bytes to stored bytes (a signed value's two's complement), through the real values that they stand for. */
export function runStored(session: Running, graph: QuantisedGraph, bytes: Uint8Array): Uint8Array {
  session.input.set(realValues(graph.maps[graph.input]!, bytes));
  return storedValues(graph.maps[graph.output]!, session.run());
}

export function realValues({ scale, zeroPoint, signed }: QuantisedMap, bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => scale * ((signed ? (byte << 24) >> 24 : byte) - zeroPoint));
}

export function storedValues({ scale, zeroPoint }: QuantisedMap, values: Float32Array): Uint8Array {
  return Uint8Array.from(values, (value) => Math.round(value / scale) + zeroPoint);
}
