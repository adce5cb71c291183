import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.js';
import { mobilenet } from './run.js';

const alps = 'test/photos/alps.jpg';
const uint8 = 'test/golden/tflite-tiny/uint8.tflite';
const int8 = 'test/golden/tflite-tiny/int8.tflite';
const float = 'test/golden/tflite-tiny/float.tflite';

/** Of the top class; figures in DESIGN.md. */
const MOST_DIFFERENCE = 0.05;

interface Document {
  readonly model: { readonly dtype: string };
  readonly images: readonly {
    readonly predictions: readonly { readonly index: number; readonly probability: number }[];
  }[];
}

function classify(...args: string[]): Document {
  const { stdout, stderr, code } = mobilenet('classify', '--json', ...args, alps);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout);
}

/** Runs both; the probabilities of integers are others, but not by much. */
function expectNear(args: string[], most = MOST_DIFFERENCE): Document {
  const [floats, integers] = [classify(...args, '--dtype', 'f32'), classify(...args, '--dtype', 'int8')];
  expect([floats.model.dtype, integers.model.dtype]).toEqual(['f32', 'int8']);
  const [expected, found] = [floats, integers].map(({ images }) => images[0]!.predictions);
  expect(found![0]!.index).toBe(expected![0]!.index);
  expect(found).not.toEqual(expected);
  expect(Math.abs(found![0]!.probability - expected![0]!.probability)).toBeLessThan(most);
  return integers;
}

describe('mobilenet classify --dtype int8', () => {
  it('keeps what it packed, and says the same by it, or where it is damaged', () => {
    const folder = join(process.env.MOBILENET_HOME!, 'packed');
    rmSync(folder, { recursive: true, force: true });
    const first = classify('--dtype', 'int8');
    const files = readdirSync(folder);
    expect(files).toHaveLength(1);
    const path = join(folder, files[0]!);
    const bytes = readFileSync(path);
    expect(classify('--dtype', 'int8').images[0]!.predictions).toEqual(first.images[0]!.predictions);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    expect(classify('--dtype', 'int8').images[0]!.predictions).toEqual(first.images[0]!.predictions);
    // Packed anew.
    bytes[bytes.length >> 1]! ^= 1;
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
  });

  it.each(['mobilenet_v2', 'mobilenet_v1', 'efficientnet_b0', 'efficientnet_lite0'])('%s, bundled: an alp', (model) => {
    const { images } = expectNear(['--model', model]);
    expect(images[0]!.predictions[0]!.index).toBe(970);
  });

  it('gives the same with two threads', () => {
    const predictions = (...args: string[]) => classify('--dtype', 'int8', ...args).images[0]!.predictions;
    const expected = predictions('--threads', '1');
    expect(expected).toHaveLength(5);
    expect(predictions('--threads', '2')).toEqual(expected);
  });

  it.each([uint8, int8])('%s: by the ranges of the file', (weights) => {
    expectNear(['--weights', weights]);
  });

  for (const name of ['mobilenet_v1_0.75_192_quant', 'mobilenet_v2_1.0_224_quant']) {
    const path = sharedPath(`weights/coral_tflite/${name}.tflite`);
    it.skipIf(path === undefined)(`${name}: by the ranges of the file`, () => {
      expectNear(['--weights', path!]);
    });
  }

  it('refuses weights without ranges: exit 4, with what provides them', () => {
    const { stdout, stderr, code } = mobilenet('classify', '--dtype', 'int8', '--weights', float, alps);
    expect([stdout, code]).toEqual(['', 4]);
    expect(stderr).toMatch(
      /^mobilenet: float\.tflite: not calibrated for int8; run: mobilenet import FILE --as NAME --calibrate FOLDER; /,
    );
  });

  it('refuses --exact beside it', () => {
    const run = mobilenet('classify', '--dtype', 'int8', '--exact', '--weights', uint8, alps);
    expect([run.stdout, run.code]).toEqual(['', 2]);
    expect(run.stderr).toMatch(/^mobilenet: --dtype int8: --exact computes .+\n$/);
  });
});
