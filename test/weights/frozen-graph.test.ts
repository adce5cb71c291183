import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFrozenGraph } from '../../src/weights/formats/frozen-graph/read.js';
import { sniff } from '../../src/weights/formats/sniff.js';
import { differ, runNaively } from './graph-run.js';

interface Golden {
  /** Of the pictures' values 0 … 1; 256: bytes. */
  readonly scale: number;
  readonly outputs: readonly (readonly number[])[];
}

/** Made by test/golden/frozen_graphs.py. */
const folder = fileURLToPath(new URL('../golden/frozen-graphs/', import.meta.url));
const goldens = JSON.parse(readFileSync(join(folder, '../frozen-graphs.json'), 'utf8')) as Record<string, Golden>;
const SIDE = 24;

const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, `${name}.pb`)));
const read = (name: string, outputName?: string) =>
  readFrozenGraph(bytesOf(name), `${name}.pb`, { resolution: SIDE, outputName });

/** As the generator makes them; bytes as shares of 255. */
function makePicture(index: number, { scale }: Golden): number[] {
  return Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const value = Math.sin(i * 12.9898 + index * 78.233) * 43758.5453;
    const fraction = Math.fround(value - Math.floor(value));
    return scale === 256 ? Math.floor(fraction * 256) / 255 : fraction;
  });
}

describe('frozen graphs give the numbers of TensorFlow', () => {
  it.each(Object.keys(goldens))('%s', (name) => {
    const golden = goldens[name]!;
    const model = read(name, name === 'two-outputs' ? 'colour:0' : undefined);
    // A network that ignores its input must fail.
    expect(differ(golden.outputs[0]!, golden.outputs[1]!)).toBeGreaterThan(2e-4);
    for (const [index, output] of golden.outputs.entries()) {
      expect(differ(runNaively(model, makePicture(index, golden)), output)).toBeLessThan(2e-5);
    }
  });
});

describe('what the output does not need', () => {
  it('is not looked at: a loss, labels, a score', () => {
    expect(read('training').output.classes).toBe(5);
  });

  it('is not looked at where another output is asked for', () => {
    expect(read('retrained', 'Predictions/Reshape').output).toMatchObject({ classes: 9, added: 'softmax' });
  });

  it('the side of a picture that is decoded is that of the first resize', () => {
    const { inputResolution, inputQuantisation } = readFrozenGraph(bytesOf('decoder'), 'x');
    expect(inputResolution).toEqual({ height: SIDE, width: SIDE });
    expect(inputQuantisation).toEqual({ scale: 1, zeroPoint: 0 });
  });
});

describe('what is refused', () => {
  it.each([
    ['refused-operator', 'operator "LRN", expected one of'],
    ['refused-training', 'FusedBatchNormV3 in training mode'],
    ['refused-split', 'reads output 1 of Split'],
    ['refused-input', '2 inputs ("factor", "x")'],
    ['two-outputs', '2 outputs ("kind", "colour"), and the file does not say which one has the classes'],
  ])('%s: %s', (name, message) => {
    expect(() => read(name)).toThrow(message);
  });

  it('an output that is not there', () => {
    expect(() => read('two-outputs', 'other')).toThrow('no output "other", expected one of "kind", "colour"');
  });

  it('a graph that ends early', () => {
    const bytes = bytesOf('retrained');
    for (const length of [1, 50, 1000, bytes.length - 7]) {
      expect(() => readFrozenGraph(bytes.subarray(0, length), 'x.pb')).toThrow(/^x\.pb: /);
    }
  });
});

describe('recognition', () => {
  it.each(Object.keys(goldens))('%s', (name) => {
    expect(sniff(bytesOf(name).subarray(0, 512))).toBe('graphdef');
  });

  it('a SavedModel is none', () => {
    expect(sniff(Uint8Array.of(0x08, 0x01, 0x12, 0x80, 0x01))).toBe('TensorFlow SavedModel');
    expect(sniff(Uint8Array.of(0x0a, 0x05, 0x0a, 0x01, 0x78, 0x1a, 0x00))).toBeUndefined();
  });
});
