import { describe, expect, it } from 'vitest';
import { areIndependent, hasWeightsForBytes } from '../../src/models/graph-facts.js';
import type { Layer, Network } from '../../src/networks/types.js';
import type { NetworkWeights } from '../../src/weights/types.js';

const conv = (input: string): Layer => ({
  ...{ kind: 'conv', name: 'first', inputs: [input], outChannels: 4, kernelSize: 1, stride: 1, padding: 'valid' },
  ...{ activation: 'relu', batchNorm: false, bias: false },
});
const networkOf = (...layers: Layer[]): Network => ({ id: 'graph', alpha: 1, classes: 4, inputChannels: 3, layers });

/** 1 × 1 × 3 × 4. */
const weightsOf = (each: readonly number[]): NetworkWeights =>
  new Map([
    ['first', { weights: { shape: [1, 1, 3, 4], data: Float32Array.from({ length: 12 }, (_, i) => each[i % 4]!) } }],
  ]);

describe('hasWeightsForBytes', () => {
  const direct = networkOf(conv('input'));

  it('tells small weights of most channels from those of −1…1', () => {
    expect(hasWeightsForBytes({ network: direct, weights: weightsOf([0.02, 0.01, 0.03, 0.02]) })).toBe(true);
    expect(hasWeightsForBytes({ network: direct, weights: weightsOf([1, 0.5, 2, 0.7]) })).toBe(false);
    // Channels that training has switched off say nothing.
    expect(hasWeightsForBytes({ network: direct, weights: weightsOf([1e-9, 1e-9, 0.8, 0.7]) })).toBe(false);
  });

  it('looks behind what moves pixels, and nowhere else', () => {
    const padded: Layer = {
      kind: 'pad',
      name: 'pad',
      inputs: ['input'],
      pads: { top: 1, bottom: 1, left: 1, right: 1 },
      value: 0,
    };
    const small = weightsOf([0.02, 0.01, 0.03, 0.02]);
    expect(hasWeightsForBytes({ network: networkOf(padded, conv('pad')), weights: small })).toBe(true);
    const pooled: Layer = { kind: 'globalAveragePool', name: 'pool', inputs: ['input'] };
    expect(hasWeightsForBytes({ network: networkOf(pooled, conv('pool')), weights: small })).toBe(false);
  });
});

describe('areIndependent', () => {
  it('follows a flattening to what is flattened', () => {
    const softmax: Layer = { kind: 'softmax', name: 'softmax', inputs: ['first'] };
    const flat: Layer = { kind: 'flatten', name: 'flat', inputs: ['softmax'], order: 'HWC' };
    expect(areIndependent(networkOf(conv('input'), softmax))).toBe(false);
    expect(areIndependent(networkOf(conv('input'), softmax, flat))).toBe(false);
    expect(areIndependent(networkOf(conv('input')))).toBe(true);
  });
});
