import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/errors.js';
import { resolve } from '../../src/networks/resolve.js';
import { readTflite } from '../../src/weights/formats/tflite/read.js';
import type { ImportedModel } from '../../src/weights/graph/imported-model.js';
import { readTiny, tinyNames } from './tflite-models.js';

/** Well-formed files by what is wrong with them (golden/tflite_tiny.py). */
const refused: Record<string, string> = JSON.parse(
  readFileSync(new URL('../golden/tflite-refused.json', import.meta.url), 'utf8'),
);

const known =
  'ADD, AVERAGE_POOL_2D, CAST, CONCATENATION, CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE, DIV, ELU, EXP, EXPAND_DIMS, ' +
  'FULLY_CONNECTED, GELU, HARD_SWISH, LEAKY_RELU, LOGISTIC, LOG_SOFTMAX, MAXIMUM, MAX_POOL_2D, MEAN, MINIMUM, ' +
  'MIRROR_PAD, MUL, NEG, PACK, PAD, PADV2, PRELU, QUANTIZE, REDUCE_MAX, RELU, RELU6, RELU_0_TO_1, RELU_N1_TO_1, ' +
  'RESHAPE, RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR, SHAPE, SOFTMAX, SPLIT, SPLIT_V, SQUEEZE, STRIDED_SLICE, SUB, ' +
  'SUM, TANH, TRANSPOSE';

const refusals: Record<string, [code: string, message: string]> = {
  'batch of two': [
    'operator-unsupported',
    'x: an input of 2×6×6×3, expected 1×height×width×channels or 1×channels (one image)',
  ],
  'stride 0': ['weights-damaged', 'x: CONV_2D with stride 0, expected 1 to 1024'],
  'computed weights': ['operator-unsupported', 'x: the filter of CONV_2D is computed, expected it to be a constant'],
  'output of another shape': ['weights-damaged', 'x: CONV_2D declares an output of 1×5×6×4, expected 1 × 6 × 6 × 4'],
  'picture of 100000 pixels a side': [
    'operator-unsupported',
    'x: the input of 100000 × 100000 × 3, expected at most 4096 pixels a side and 33554432 values',
  ],
  'not a number': ['weights-damaged', 'x: the filter of CONV_2D holds NaN, expected finite numbers'],
  'too few bytes': ['weights-damaged', 'x: the filter of CONV_2D has 288 bytes, expected 432 for 4×3×3×3'],
  'custom operator': ['operator-unsupported', `x: operator custom "", expected one of ${known}`],
  'softmax over pixels': ['operator-unsupported', 'x: SOFTMAX over a map of pixels, expected a 1 × 1 map of classes'],
  'transposing reshape': [
    'operator-unsupported',
    'x: RESHAPE of 1×6×6×4 to 1×4×6×6 is not supported, expected all values in a row',
  ],
  'mean of channels': ['operator-unsupported', 'x: MEAN over axes 3, expected height and width (1, 2)'],
  'pad of channels': ['operator-unsupported', 'x: PAD of the batch or the channels, expected height and width only'],
  'sum with a constant': [
    'operator-unsupported',
    'x: ADD of 1×6×6×4 and a constant 1×6×6×4, expected one value for each channel',
  ],
  'its own output': ['weights-damaged', 'x: ADD reads "tensor 3", expected a name that is computed before it'],
  'two inputs': ['operator-unsupported', 'x: a graph with 2 inputs, expected one'],
  'no layers': ['operator-unsupported', 'x: no layer between input and output, expected at least one'],
  'scale 0': ['weights-damaged', 'x: a quantisation scale of 0, expected a finite number above 0'],
  'scales along the input channels': [
    'operator-unsupported',
    'x: the filter of CONV_2D has scales along axis 3, expected its output channels, axis 0',
  ],
  'two scales for four channels': [
    'weights-damaged',
    'x: the filter of CONV_2D has 2 scales, expected 1 or one for each of 4 channels',
  ],
  'map without a scale': ['weights-damaged', 'x: tensor 3 has 0 scales, expected one for a map'],
  'three biases for four channels': ['weights-damaged', 'x: CONV_2D has 3 biases, expected 4'],
  'infinite scale of the input': [
    'weights-damaged',
    'x: a quantisation scale of Infinity, expected a finite number above 0',
  ],
  'shared bytes': ['weights-damaged', 'x: layers share their bytes, expected weights of their own'],
};

const readable: [name: string, kinds: string[], isProbability?: boolean][] = [
  ['good', ['conv']],
  ['good, quantised', ['conv']],
  ['good, features', ['conv']],
  ['good, with a branch that nothing reads', ['conv']],
  ['softmax with beta 2', ['dense', 'softmax'], true],
  ['dilation', ['conv']],
  ['unequal strides', ['conv']],
  ['window of 3 x 1', ['conv']],
  ['groups', ['conv']],
  ['activation TANH', ['conv']],
  ['TANH', ['conv']],
  ['small average', ['conv', 'averagePool']],
  ['pad at the end', ['conv', 'pad']],
  ['depth multiplier', ['depthwise']],
];

/** The model, or the ModelError; anything else thrown fails the test. */
function attempt(bytes: Uint8Array): ImportedModel | ModelError {
  let model: ImportedModel;
  try {
    model = readTflite(bytes, 'x');
    expect(countWeightBytes(model)).toBeLessThanOrEqual(4 * bytes.length);
    const { height, width } = model.inputResolution;
    if (height === width) resolve(model.network, { resolution: height });
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  return model;
}

function countWeightBytes(model: ImportedModel): number {
  const distinct = new Set(
    [...model.weights.values()].flatMap(({ weights, bias }) => [weights, ...(bias ? [bias] : [])]),
  );
  return [...distinct].reduce((sum, { data }) => sum + data.byteLength, 0);
}

/** Marsaglia's xorshift with 32 bits: the same damage each time. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe('a file that is well-formed and not for us', () => {
  it('has an expectation for each', () => {
    expect(Object.keys(refused).filter((name) => !name.startsWith('good'))).toEqual(
      expect.arrayContaining(Object.keys(refusals)),
    );
    expect(Object.keys(refused)).toHaveLength(Object.keys(refusals).length + readable.length);
  });

  it.each(Object.entries(refusals))('%s', (name, [code, message]) => {
    const found = attempt(Buffer.from(refused[name]!, 'base64'));
    expect(found).toBeInstanceOf(ModelError);
    expect(found).toMatchObject({ code, message, exitCode: 4 });
  });

  it.each(readable)('%s: read, the same file but for the fault', (name, kinds, isProbability = false) => {
    const model = attempt(Buffer.from(refused[name]!, 'base64')) as ImportedModel;
    expect(model).not.toBeInstanceOf(ModelError);
    expect(model.network.layers.map((layer) => layer.kind)).toEqual(kinds);
    expect(model.output.isProbability).toBe(isProbability);
  });
});

describe('a damaged file is refused or read, and nothing else', () => {
  it('no TFLite file at all', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(8), Buffer.from('{"a": 1, "b": 2}'), new Uint8Array(4096)]) {
      expect(attempt(bytes)).toMatchObject({ message: 'x: not a TFLite file, expected "TFL3" at byte 4' });
    }
  });

  it.each(tinyNames)('%s cut off at every length', (name) => {
    const bytes = readTiny(name);
    for (let length = 0; length < bytes.length; length++) {
      // A copy of its own, so that reading past the end cannot find the rest.
      const found = attempt(bytes.slice(0, length));
      if (length < bytes.length / 2) expect(found, `${length} bytes`).toBeInstanceOf(ModelError);
    }
  });

  it.each(tinyNames)('%s with flipped bits', (name) => {
    const bytes = readTiny(name);
    const random = createRandom(20_240_229);
    let refusals = 0;
    for (let trial = 0; trial < 3000; trial++) {
      const damaged = bytes.slice();
      for (let flips = 1 + random(3); flips > 0; flips--) damaged[random(bytes.length)]! ^= 1 << random(8);
      if (attempt(damaged) instanceof ModelError) refusals++;
    }
    expect(refusals).toBeGreaterThan(300);
  });

  it.each(tinyNames)('%s with wild 32-bit numbers', (name) => {
    const bytes = readTiny(name);
    const random = createRandom(7);
    const wild = [
      0,
      1,
      4,
      0x7f,
      0xffff,
      0x7fffffff,
      0x80000000,
      0xfffffffe,
      0xffffffff,
      bytes.length,
      bytes.length - 4,
    ];
    for (let trial = 0; trial < 3000; trial++) {
      const damaged = bytes.slice();
      const position = 4 * random(bytes.length >> 2);
      new DataView(damaged.buffer).setUint32(position, wild[random(wild.length)]!, true);
      attempt(damaged);
    }
  });
});
