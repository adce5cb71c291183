import { describe, expect, it } from 'vitest';
import { readLogitRules } from '../../src/models/logit-rules.js';
import type { Model } from '../../src/models/model.js';
import { headOf } from '../../src/networks/head.js';
import { resolve } from '../../src/networks/resolve.js';
import type { Layer, Network } from '../../src/networks/types.js';
import { narrowToHalf } from '../../src/weights/half.js';
import type { LayerWeights, Tensor } from '../../src/weights/types.js';

const linear = { activation: 'linear', batchNorm: false, bias: true } as const;

/** Three features, averaged over the picture's channels, and a classifier. */
function modelOf(classifier: object, weights: LayerWeights) {
  const layers = [
    { kind: 'pointwise', name: 'p', inputs: ['input'], outChannels: 3, stride: 1, ...linear },
    { kind: 'globalAveragePool', name: 'pool', inputs: ['p'] },
    { name: 'classes', inputs: ['pool'], ...linear, ...classifier },
  ] as unknown as readonly Layer[];
  const description: Network = { id: 'n', alpha: 1, classes: 2, inputChannels: 3, layers };
  const network = resolve(description, { resolution: 4 });
  const readWeights = () => new Map([['classes', weights]]);
  const model = { network, epsilon: 0, facts: { weights: 'n.onnx' }, readWeights } as unknown as Model;
  return { model, head: headOf(network)! };
}

function tensor(shape: readonly number[], ...values: number[]): Tensor {
  return { shape, data: Float32Array.from(values) };
}

function rulesOf(classifier: object, weights: LayerWeights, labels = 2) {
  const { model, head } = modelOf(classifier, weights);
  const ruleOf = readLogitRules(model, head.classifier, labels);
  return [0, 1].map((index) => ({ weights: [...ruleOf(index).weights], bias: ruleOf(index).bias }));
}

const expected = [
  { weights: [1, 3, 5], bias: 0.5 },
  { weights: [2, 4, 6], bias: -1 },
];
const bias = tensor([2], 0.5, -1);

describe('readLogitRules', () => {
  it.each([
    ['dense', { kind: 'dense', outChannels: 2 }, [3, 2]],
    ['pointwise', { kind: 'pointwise', outChannels: 2, stride: 1 }, [3, 2]],
    ['conv', { kind: 'conv', outChannels: 2, kernelSize: 1, stride: 1, padding: 'valid' }, [1, 1, 3, 2]],
  ] as const)('takes the columns of a %s layer', (_, classifier, shape) => {
    expect(rulesOf(classifier, { weights: tensor(shape, 1, 2, 3, 4, 5, 6), bias })).toEqual(expected);
  });

  it('takes half precision, and no bias for 0', () => {
    const weights = { shape: [3, 2], data: narrowToHalf(Float32Array.of(1, 2, 3, 4, 5, 6), 'w') };
    const rules = rulesOf({ kind: 'dense', outChannels: 2, bias: false }, { weights });
    expect(rules).toEqual(expected.map((rule) => ({ ...rule, bias: 0 })));
  });

  it('of one output and two labels has the output for the second and its negative for the first', () => {
    const weights = { weights: tensor([3, 1], 1, 2, 3), bias: tensor([1], 4) };
    expect(rulesOf({ kind: 'dense', outChannels: 1 }, weights)).toEqual([
      { weights: [-1, -2, -3], bias: -4 },
      { weights: [1, 2, 3], bias: 4 },
    ]);
  });

  it('refuses a classifier that does not connect every feature with every class', () => {
    const classifier = { kind: 'conv', outChannels: 3, groups: 3, kernelSize: 1, stride: 1, padding: 'valid' };
    const weights = { weights: tensor([1, 1, 1, 3], 1, 2, 3), bias: tensor([3], 0, 0, 0) };
    expect(() => rulesOf(classifier, weights)).toThrow(
      'n.onnx: its last layer classes does not connect every feature with every class',
    );
  });
});
