import { describe, expect, it } from 'vitest';
import type { ResolvedLayer, ResolvedNetwork } from '../../src/networks/types.js';
import { checkWeights } from '../../src/weights/check.js';
import type { LayerWeights, Tensor } from '../../src/weights/types.js';
import { modelErrorOf } from './golden.js';

const tensor = (...shape: number[]): Tensor => ({
  shape,
  data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
});

const batchNorm = () => ({ gamma: tensor(4), beta: tensor(4), mean: tensor(4), variance: tensor(4) });

const point = { height: 1, width: 1, channels: 1 };
const none = { top: 0, bottom: 0, left: 0, right: 0 };
const rest = { inputShapes: [point] as const, outputShape: point, pads: none };
const linear = { inputs: ['input'], activation: 'linear' } as const;
const parameters = (...list: [string, number[]][]) =>
  list.map(([name, shape]) => ({ name, shape })) as ResolvedLayer['parameters'];

const network: ResolvedNetwork = {
  id: 'mobilenet_v1',
  alpha: 0.5,
  resolution: 32,
  classes: 2,
  padding: 'tensorflow',
  inputShape: point,
  layers: [
    {
      ...rest,
      ...linear,
      kind: 'pointwise',
      name: 'norm',
      outChannels: 4,
      stride: 1,
      batchNorm: true,
      bias: false,
      parameters: parameters(['weights', [3, 4]], ['gamma', [4]], ['beta', [4]], ['mean', [4]], ['variance', [4]]),
    },
    { ...rest, kind: 'softmax', name: 'soft', inputs: ['norm'], parameters: [] },
    {
      ...rest,
      ...linear,
      kind: 'dense',
      name: 'head',
      outChannels: 2,
      batchNorm: false,
      bias: true,
      parameters: parameters(['weights', [4, 2]], ['bias', [2]]),
    },
  ],
};

const head = { weights: tensor(4, 2), bias: tensor(2) };
const norm = { weights: tensor(3, 4), batchNorm: batchNorm() };
const problem = (weights: Record<string, LayerWeights>): string | undefined => {
  const error = modelErrorOf(() => checkWeights(network, new Map(Object.entries(weights)), 'file'));
  if (error) expect(error.code).toBe('weights-mismatch');
  return error?.message;
};

describe('checkWeights', () => {
  it('accepts weights with the batch norm apart', () => {
    expect(problem({ norm, head })).toBeUndefined();
  });

  it('accepts weights with the batch norm folded', () => {
    expect(problem({ norm: { weights: tensor(3, 4), bias: tensor(4) }, head })).toBeUndefined();
  });

  it('accepts half precision', () => {
    const half = { shape: [3, 4], data: new Uint16Array(12) };
    expect(problem({ norm: { weights: half, bias: tensor(4) }, head })).toBeUndefined();
  });

  it('counts what is missing and names the first three', () => {
    expect(problem({})).toBe(
      'file: 7 missing (norm/weights, norm/gamma, norm/beta, and 4 more), ' +
        'expected the weights of mobilenet_v1, α 0.5, 2 classes',
    );
  });

  it.each<[string, Record<string, LayerWeights>, RegExp]>([
    ['a layer too many', { norm, head, tail: head }, /1 unexpected \(tail\)/],
    ['weights of a layer without any', { norm, head, soft: head }, /1 unexpected \(soft\)/],
    ['a batch norm too many', { norm, head: { ...head, batchNorm: batchNorm() } }, /4 unexpected \(head\/gamma/],
    ['a bias beside a batch norm', { norm: { ...norm, bias: tensor(4) }, head }, /1 unexpected \(norm\/bias\)/],
    ['no bias', { norm, head: { weights: tensor(4, 2) } }, /1 missing \(head\/bias\)/],
    ['neither bias nor batch norm', { norm: { weights: tensor(3, 4) }, head }, /4 missing \(norm\/gamma/],
    [
      'axes exchanged',
      { norm, head: { ...head, weights: tensor(2, 4) } },
      /head\/weights \[2, 4\] instead of \[4, 2\]/,
    ],
    ['another rank', { norm, head: { ...head, bias: tensor(1, 2) } }, /1 misshapen \(head\/bias/],
    ['a folded bias of another length', { norm: { weights: tensor(3, 4), bias: tensor(3) }, head }, /norm\/bias \[3\]/],
    [
      'data shorter than its shape',
      { norm, head: { ...head, bias: { shape: [2], data: new Float32Array(1) } } },
      /bias/,
    ],
  ])('refuses %s', (_, weights, message) => {
    expect(problem(weights)).toMatch(message);
  });
});
