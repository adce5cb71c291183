import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createExactSession } from '../../src/engine/exact/session.js';
import { ModelError } from '../../src/errors/errors.js';
import { readQuantisedTflite } from '../../src/weights/formats/tflite/integer-graph.js';
import { joinGraphs } from '../../src/weights/quantised-graph.js';
import { readTiny } from '../weights/tflite-models.js';
import { exactGoldens, runStored } from './exact-golden.js';

/** Well-formed files by what is wrong with them (golden/tflite_tiny.py). */
const refused: Record<string, string> = JSON.parse(
  readFileSync(new URL('../golden/tflite-refused.json', import.meta.url), 'utf8'),
);

function decode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function tiny(name: string): Uint8Array {
  return decode(exactGoldens.tiny[name]!.file);
}

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The file with every single-precision `from` written as `to`. */
function replaceFloat(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  let count = 0;
  for (let at = 0; at + 4 <= copy.length; at += 4) {
    if (view.getFloat32(at, true) !== Math.fround(from)) continue;
    view.setFloat32(at, to, true);
    count++;
  }
  if (count === 0) throw new Error(`${from} is not in the file`);
  return copy;
}

const refusals: Record<string, [code: string, message: string]> = {
  'scale 0': ['weights-damaged', 'x: a quantisation scale of 0, expected a finite number above 0'],
  'infinite scale of the input': [
    'weights-damaged',
    'x: a quantisation scale of Infinity, expected a finite number above 0',
  ],
  'map without a scale': ['weights-damaged', 'x: tensor 3 has 0 scales, expected one for a map'],
  'two scales for four channels': ['weights-damaged', 'x: the filter of CONV_2D has 2 scales, expected 1'],
  'scales along the input channels': ['weights-damaged', 'x: the filter of CONV_2D has 3 scales, expected 1'],
  'three biases for four channels': ['weights-damaged', 'x: CONV_2D has 3 biases, expected 4'],
  good: ['not-quantised', 'x: what CONV_2D reads is FLOAT32, expected UINT8 or INT8 (a quantised file)'],
};

describe('quantised files that must be refused', () => {
  it.each(Object.entries(refusals))('%s', (name, [code, message]) => {
    const error = catchError(() => readQuantisedTflite(decode(refused[name]!), 'x'));
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code, message });
  });

  it('every other malformed file, and every one that computes in floats', () => {
    for (const [name, text] of Object.entries(refused)) {
      if (name === 'good, quantised' || name === 'shared bytes') continue;
      expect(
        catchError(() => readQuantisedTflite(decode(text), 'x')),
        name,
      ).toBeInstanceOf(ModelError);
    }
  });

  const conv = 'conv 1x1 on one pixel uint8';
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('a scale of %d', (scale) => {
    const error = catchError(() => readQuantisedTflite(replaceFloat(tiny(conv), 0.04, scale), 'x'));
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      code: 'weights-damaged',
      message: `x: a quantisation scale of ${scale}, expected a finite number above 0`,
    });
  });

  it('scales so far apart that no multiplier holds their ratio', async () => {
    for (const scale of [1e-38, 1e-45]) {
      const graph = readQuantisedTflite(replaceFloat(tiny(conv), 0.04, scale), 'x');
      await expect(createExactSession({ graph })).rejects.toThrow(
        /^x: conv rescales by \S+, expected scales nearer to each other$/,
      );
    }
    const softmax = readQuantisedTflite(replaceFloat(tiny('softmax of scale 0.3 uint8'), 0.3, 1e-9), 'x');
    await expect(createExactSession({ graph: softmax })).rejects.toThrow(ModelError);
    const sum = readQuantisedTflite(replaceFloat(tiny('add 0 uint8'), 0.43, 1e-9), 'x');
    await expect(createExactSession({ graph: sum })).rejects.toThrow(/^x: add rescales by /);
  });

  it('a scale so large that every output is the zero point', async () => {
    const graph = readQuantisedTflite(replaceFloat(tiny(conv), 0.04, 1e38), 'x');
    const session = await createExactSession({ graph });
    expect(new Set(runStored(session, graph, new Uint8Array(40).fill(255)))).toEqual(new Set([100]));
  });

  it('two files whose joint differs in scale, type or shape', () => {
    const first = readQuantisedTflite(tiny('mean 0 uint8'), 'first');
    const second = readQuantisedTflite(tiny('fully connected uint8'), 'second');
    const error = catchError(() => joinGraphs(first, second));
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).message).toMatch(
      /^second: takes 1 × 1 × 37 uint8 \(scale 0\.0\d+, zero point 77\), expected 1 × 1 × 23 uint8 \(.*\), what first gives$/,
    );
  });

  it('any byte of a file changed: a ModelError or a network that runs', async () => {
    for (const name of ['pad before a convolution int8', 'add 2 uint8', 'mean 0 int8']) {
      const original = tiny(name);
      let [read, run] = [0, 0];
      for (let at = 0; at < original.length; at++) {
        const bytes = original.slice();
        bytes[at] = bytes[at]! ^ (at % 3 === 0 ? 0xff : at % 3 === 1 ? 0x80 : 1);
        try {
          const graph = readQuantisedTflite(bytes, 'x');
          read++;
          if (at % 7 !== 0) continue;
          const session = await createExactSession({ graph });
          session.input.fill(0.3);
          session.run();
          run++;
        } catch (error) {
          expect(error, `${name}, byte ${at}: ${error}`).toBeInstanceOf(ModelError);
        }
      }
      expect(read).toBeGreaterThan(run);
      expect(run).toBeGreaterThan(0);
    }
  });

  it('a file cut anywhere', () => {
    const bytes = readTiny('uint8');
    for (let length = 0; length < bytes.length; length += 3) {
      const error = catchError(() => readQuantisedTflite(bytes.subarray(0, length), 'x'));
      if (error !== undefined) expect(error, `${length} bytes`).toBeInstanceOf(ModelError);
    }
  });
});
