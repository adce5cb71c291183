import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readOnnx } from '../../src/weights/formats/onnx/read.js';
import { differ, runNaively } from './graph-run.js';

interface Golden {
  readonly resolution: number;
  readonly channels: number;
  /** Of the pictures' values 0 … 1. */
  readonly scale: number;
  readonly tolerance: number;
  readonly outputs: readonly (readonly number[])[];
}

/** Made by test/golden/onnx_operators.py. */
const folder = fileURLToPath(new URL('../golden/onnx-operators/', import.meta.url));
const goldens = JSON.parse(readFileSync(join(folder, '../onnx-operators.json'), 'utf8')) as Record<string, Golden>;

/** As the generator makes them. */
function makePicture(index: number, { resolution, channels, scale }: Golden): number[] {
  return Array.from({ length: resolution * resolution * channels }, (_, i) => {
    const value = Math.sin(i * 12.9898 + index * 78.233) * 43758.5453;
    const fraction = Math.fround(value - Math.floor(value));
    // Bytes come as shares of 255.
    return scale === 256 ? Math.floor(fraction * 256) / 255 : fraction;
  });
}

describe('operators of ordinary networks give the numbers of onnxruntime', () => {
  it.each(Object.keys(goldens))('%s', (name) => {
    const golden = goldens[name]!;
    const { resolution, outputs } = golden;
    const model = readOnnx(readFileSync(join(folder, `${name}.onnx`)), `${name}.onnx`, { resolution });
    // A network that ignores its input must fail.
    expect(differ(outputs[0]!, outputs[1]!)).toBeGreaterThan(2 * golden.tolerance);
    for (const [index, output] of outputs.entries()) {
      const found = runNaively(model, makePicture(index, golden));
      expect(differ(undoLogarithm(found, output), output)).toBeLessThan(golden.tolerance);
    }
  });
});

/** A LogSoftmax comes as the probabilities. */
function undoLogarithm(found: ArrayLike<number>, expected: readonly number[]): ArrayLike<number> {
  return expected.every((value) => value < 0) ? Array.from(found, Math.log) : found;
}

describe('what the file says besides', () => {
  const read = (name: string, outputName?: string) =>
    readOnnx(readFileSync(join(folder, `${name}.onnx`)), name, { outputName });

  it.each([
    ['windows-17', 'pytorch'],
    ['tf-bytes', 'tf2onnx'],
    // The quantiser's own name says nothing of where the network is from.
    ['static-qdq', 'pytorch'],
    ['opset-7', 'hand'],
  ])('%s was made by %s', (name, producer) => {
    expect(read(name).producer).toBe(producer);
  });

  it('the output that is asked for', () => {
    expect(read('two-outputs', 'embedding').output.classes).toBe(4);
    expect(() => read('two-outputs', 'other')).toThrow('no output "other", expected one of "embedding", "logits"');
  });
});
