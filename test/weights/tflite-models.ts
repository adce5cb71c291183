import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ImportedModel } from '../../src/weights/graph/imported-model.js';

const golden = new URL('../golden/', import.meta.url);

export const tinyNames = ['uint8', 'int8', 'float'] as const;
export type TinyName = (typeof tinyNames)[number];

export interface TinyGolden {
  readonly picture: readonly number[];
  readonly logits: readonly number[];
  readonly output: readonly number[];
}

export function readTiny(name: TinyName): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(`tflite-tiny/${name}.tflite`, golden))));
}

/** What TFLite's own interpreter gives for the tiny files (golden/tflite_tiny.py). */
export function readTinyGolden(name: TinyName): TinyGolden {
  return readJson<Record<TinyName, TinyGolden>>('tflite-tiny.json')[name];
}

export type Top = readonly (readonly [index: number, probability: number])[];

export interface FileGolden {
  readonly files: readonly string[];
  readonly synthetic: Top;
  readonly images: Readonly<Record<string, Top>>;
}

/** What TFLite's own interpreter gives for the reference files (golden/tflite_outputs.py). */
export function readFileGoldens(): Readonly<Record<string, FileGolden>> {
  return readJson('tflite-outputs.json');
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(fileURLToPath(new URL(name, golden)), 'utf8'));
}

/** Bytes to the real values that the file wants; −1…1 where it does not say. */
export function dequantise(model: ImportedModel, bytes: ArrayLike<number>): Float32Array {
  const { scale, zeroPoint } = model.inputQuantisation ?? { scale: 1 / 127.5, zeroPoint: 127.5 };
  return Float32Array.from(bytes, (byte) => (byte - zeroPoint) * scale);
}

/** `synthetic_picture` of golden/tflite_outputs.py. */
export function drawSynthetic(height: number, width: number): Uint8Array {
  const bytes = new Uint8Array(height * width * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) bytes[to++] = (x * (c + 2) + y * (5 - c) + ((x * y) >> 5)) & 255;
    }
  }
  return bytes;
}

export function findTop(output: Float32Array): number {
  return output.reduce((best, value, index) => (value > output[best]! ? index : best), 0);
}
