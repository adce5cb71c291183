import { describe, expect, it } from 'vitest';
import { groupTensors, nameTensors } from '../../src/weights/tensor-names.js';
import type { LayerWeights, Tensor } from '../../src/weights/types.js';
import { modelErrorOf } from './golden.js';

const tensor = (value: number): Tensor => ({ shape: [1], data: Float32Array.of(value) });

const weights = new Map<string, LayerWeights>([
  [
    'conv',
    { weights: tensor(1), batchNorm: { gamma: tensor(2), beta: tensor(3), mean: tensor(4), variance: tensor(5) } },
  ],
  ['a/b', { weights: tensor(6), bias: tensor(7) }],
  ['plain', { weights: tensor(8) }],
]);

describe('stored weights', () => {
  it('have a name for each parameter', () => {
    expect([...nameTensors(weights)].map(([name, { data }]) => [name, data[0]])).toEqual([
      ['conv/weights', 1],
      ['conv/gamma', 2],
      ['conv/beta', 3],
      ['conv/mean', 4],
      ['conv/variance', 5],
      ['a/b/weights', 6],
      ['a/b/bias', 7],
      ['plain/weights', 8],
    ]);
  });

  it('come back from their names', () => {
    expect(groupTensors(nameTensors(weights), 'file')).toEqual(weights);
  });

  it.each([['conv'], ['/weights'], ['conv/kernel'], ['conv/bias'], ['conv/weights', 'conv/gamma'], ['conv/']])(
    'refuse the names %j',
    (...names) => {
      const tensors = new Map(names.map((name) => [name, tensor(1)]));
      expect(modelErrorOf(() => groupTensors(tensors, 'file'))?.code).toBe('weights-damaged');
    },
  );
});
