import { describe, expect, it } from 'vitest';
import { blockOfLayer, explainBlock } from '../../src/cost/explain.js';
import { UsageError } from '../../src/errors/errors.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';

const networkOf = (id: string) => resolve(buildNetwork(id), { resolution: id === 'xception' ? 299 : 224 });

describe('arXiv:1704.04861, table 3', () => {
  const { steps, ratio, standard, separable } = explainBlock({ dk: 3, m: 512, n: 512, df: 14 });

  it.each([
    [0, 'standard convolution', '462', '2.36', 462_422_016],
    [1, 'depthwise separable', '52.3', '0.27', 52_283_392],
    [2, 'width multiplier α = 0.75', '29.6', '0.15', 29_578_752],
    [3, 'resolution multiplier ρ = 0.714', '15.1', '0.15', 15_091_200],
  ])('line %d: %s, %s M mult-adds, %s M parameters', (index, name, macs, weights, exact) => {
    const step = steps[index]!;
    const decimals = macs.includes('.') ? 1 : 0;
    expect(step.name).toBe(name);
    expect((step.macs.value / 1e6).toFixed(decimals)).toBe(macs);
    expect((step.weights.value / 1e6).toFixed(2)).toBe(weights);
    expect(step.macs.value).toBe(exact);
  });

  it('puts the numbers into the formula', () => {
    expect(standard.macs).toEqual({
      formula: 'D_K · D_K · M · N · D_F · D_F',
      numbers: '3 · 3 · 512 · 512 · 14 · 14',
      value: 462_422_016,
    });
    expect(separable.macs.numbers).toBe('3 · 3 · 512 · 14 · 14 + 512 · 512 · 14 · 14');
  });

  it('has the ratio of the paper’s section 3.1', () => {
    expect(ratio.value).toBeCloseTo(1 / 512 + 1 / 9, 15);
    expect(separable.macs.value / standard.macs.value).toBeCloseTo(ratio.value, 12);
  });
});

describe('blockOfLayer', () => {
  it.each([
    ['mobilenet_v1', 'conv_dw_7', { dk: 3, m: 512, n: 512, df: 14 }],
    ['mobilenet_v1', 'conv_pw_7', { dk: 3, m: 512, n: 512, df: 14 }],
    ['mobilenet_v1', 'conv_dw_12', { dk: 3, m: 512, n: 1024, df: 7 }],
    ['mobilenet_v2', 'block_1_depthwise', { dk: 3, m: 96, n: 24, df: 56 }],
    ['xception', 'block14_sepconv2_depthwise', { dk: 3, m: 1536, n: 2048, df: 10 }],
    ['efficientnet_b0', 'block3a_dwconv', { dk: 5, m: 144, n: 40, df: 28 }],
  ])('%s %s', (id, layer, block) => {
    expect(blockOfLayer(networkOf(id), layer)).toEqual(block);
  });

  it.each([
    ['mobilenet_v1', 'conv_dw_99', /conv_dw_99: not in mobilenet_v1, expected one of .*conv_dw_1, /],
    ['mobilenet_v1', 'conv1', /conv1: no half of a separable convolution/],
    ['mobilenet_v2', 'block_1_expand', /block_1_expand: no half of a separable convolution/],
    ['mobilenet_v1_full_conv', 'conv1', /expected a network that has some/],
  ])('refuses %s %s', (id, layer, message) => {
    expect(() => blockOfLayer(networkOf(id), layer)).toThrow(UsageError);
    expect(() => blockOfLayer(networkOf(id), layer)).toThrow(message);
  });

  it('refuses sizes that nothing has', () => {
    expect(() => explainBlock({ dk: 0, m: 1, n: 1, df: 1 })).toThrow('--dk 0: expected a whole number from 1 to 1024');
    expect(() => explainBlock({ dk: 3, m: 1.5, n: 1, df: 1 })).toThrow('--m 1.5: expected');
  });
});
