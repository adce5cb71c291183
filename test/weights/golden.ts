import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { ModelError } from '../../src/errors/errors.js';
import { toFloat32 } from '../../src/weights/half.js';
import type { NamedTensors } from '../../src/weights/types.js';

/** Made by test/golden/weights.py. */
const FOLDER = new URL('../golden/weights/', import.meta.url);

export type DescribedTensors = Record<string, { shape: number[]; dtype: 'f16' | 'f32'; values: number[] }>;

interface GoldenFigures {
  readonly state: DescribedTensors;
  readonly safetensors: DescribedTensors;
  readonly half: { readonly widened: string; readonly inputs: string; readonly narrowed: string };
}

export function goldenFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(name, FOLDER))));
}

export function goldenFigures(): GoldenFigures {
  return JSON.parse(new TextDecoder().decode(goldenFile('expected.json'))) as GoldenFigures;
}

/** Tensors in the form of expected.json, by name. */
export function describeTensors(tensors: NamedTensors): DescribedTensors {
  const described: DescribedTensors = {};
  for (const [name, { shape, data }] of tensors) {
    const dtype = data instanceof Float32Array ? 'f32' : 'f16';
    described[name] = { shape: [...shape], dtype, values: [...toFloat32(data)] };
  }
  return described;
}

/** What a reader throws, which must be a ModelError whatever the bytes; undefined where it throws nothing. */
export function modelErrorOf(read: () => unknown): ModelError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    expect(error.exitCode).toBe(4);
    expect(error.message).toMatch(/^[^\n]+: [^\n]+$/);
    return error;
  }
}

/** Cuts the file after every byte: each part must be refused, and with a ModelError. */
export function expectRefusedWhenCut(bytes: Uint8Array, read: (part: Uint8Array) => unknown): void {
  for (let length = 0; length < bytes.length; length++) {
    if (!modelErrorOf(() => read(bytes.slice(0, length)))) expect(`${length} bytes were accepted`).toBe('refused');
  }
}

/** Changes every byte in three ways: whatever comes out, nothing but a ModelError may be thrown. */
export function expectNoCrashWhenChanged(bytes: Uint8Array, read: (changed: Uint8Array) => unknown): void {
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [bytes[at]! ^ 0xff, bytes[at]! ^ 1, 0]) {
      const changed = bytes.slice();
      changed[at] = value;
      modelErrorOf(() => read(changed));
    }
  }
}
