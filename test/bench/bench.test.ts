import { describe, expect, it } from 'vitest';
import { cost } from '../../src/cost/cost.js';
import type { BenchFacts, BenchRecord } from '../../src/domain/bench.js';
import { median, quantile } from '../../src/domain/statistics.js';
import { copyOf } from '../../src/engine/int8/copies.js';
import { planIntegers } from '../../src/engine/int8/plan.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { plan } from '../../src/engine/plan.js';
import { MobilenetError } from '../../src/errors/errors.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { Layer } from '../../src/networks/types.js';
import { benchText } from '../../src/report/bench-text.js';
import { bench, benchSubject, randomLevels, shareOf } from '../../src/use-cases/bench.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { costSteps } from '../../src/use-cases/step-costs.js';
import { calibrated } from '../engine/calibrated.js';

async function stepsOf(id: string, alpha: number, resolution: number) {
  const network = resolve(buildNetwork(id, { alpha }), { resolution });
  const kernels = await loadKernels();
  const layout = plan(network, kernels);
  return { network, layout, steps: costSteps(network, layout, { constants: kernels.constants }) };
}

describe('costSteps', () => {
  it.each([
    ['mobilenet_v1', 1, 224],
    ['mobilenet_v2', 1, 224],
    ['mobilenet_v2', 0.35, 97],
    ['xception', 1, 299],
    ['efficientnet_b0', 1, 224],
  ])('%s α %d at %d: steps add up to the network', async (id, alpha, resolution) => {
    const { network, layout, steps } = await stepsOf(id, alpha, resolution);
    expect(steps.map(({ layer, kernel }) => [layer, kernel])).toEqual(
      layout.steps.map(({ layer, kernel }) => [layer, kernel]),
    );
    expect(steps.reduce((total, { macs }) => total + macs, 0)).toBe(cost(network).macs);
    const weights = layout.weights.reduce((total, { bytes }) => total + bytes, 0);
    expect(steps.reduce((total, { bytes }) => total + bytes, 0)).toBeGreaterThan(weights);
    for (const { bytes } of steps) expect(bytes).toBeGreaterThan(0);
  });

  it('counts the bytes of what a step reads and writes once each', async () => {
    const { steps } = await stepsOf('mobilenet_v1', 1, 224);
    const find = (layer: string) => steps.find((step) => step.layer === layer)!;
    // Input and output maps, weights with a bias for each channel.
    expect(find('conv_dw_1').bytes).toBe(4 * (2 * 112 * 112 * 32 + 10 * 32));
    expect(find('conv_pw_1').bytes).toBe(4 * (112 * 112 * (32 + 64) + 33 * 64));
    expect(find('softmax').bytes).toBe(4 * 2 * 1000);
  });

  it('what lays out the input of a layer has none of its MACs', async () => {
    const linear = { batchNorm: false, bias: true, activation: 'linear' } as const;
    const window = { kernelSize: 3, stride: 1, padding: 'same' } as const;
    const pads = { top: 1, bottom: 0, left: 0, right: 0 };
    const layers: readonly Layer[] = [
      { kind: 'depthwise', name: 'd', inputs: ['input'], ...linear, ...window, multiplier: 8 },
      { kind: 'pad', name: 'p', inputs: ['d'], pads, value: 0, range: [0, 1] },
      { kind: 'globalAveragePool', name: 'g', inputs: ['p'] },
    ];
    const network = resolve({ id: 'lifted', alpha: 1, classes: 24, inputChannels: 3, layers }, { resolution: 9 });
    const kernels = await loadKernels();
    const steps = costSteps(network, plan(network, kernels), { constants: kernels.constants });
    expect(steps.map(({ kernel, macs }) => [kernel, macs])).toEqual([
      ['move_f32', 0],
      ['repeat_channels_f32', 0],
      ['depthwise_f32', 81 * 9 * 24],
      ['move_f32', 0],
      ['clamp_f32', 0],
      ['global_average_pool_f32', 0],
    ]);
    for (const { bytes } of steps) expect(bytes).toBeGreaterThan(0);
  });

  it('a fused sum reads its residual, a curve in a step of its own works in place', async () => {
    const v2 = await stepsOf('mobilenet_v2', 1, 224);
    const sum = v2.steps.find(({ layer }) => layer === 'block_2_add')!;
    expect([sum.macs, sum.mainLayer]).toEqual([56 * 56 * 144 * 24, 'block_2_project']);
    expect(sum.bytes).toBe(4 * (56 * 56 * (144 + 24 + 24) + 145 * 24));
    const b0 = await stepsOf('efficientnet_b0', 1, 224);
    const curves = b0.steps.filter(({ kernel }) => kernel === 'activate_f32');
    expect(curves.length).toBeGreaterThan(0);
    expect(curves[0]).toMatchObject({ macs: 0, bytes: 4 * 2 * 112 * 112 * 32 });
  });
});

describe('costSteps of integers', () => {
  it.each(['plain', 'relaxed'] as const)(
    '%s kernels: maps in one or two bytes, conversions by themselves',
    async (flavour) => {
      const network = resolve(buildNetwork('mobilenet_v1', {}), { resolution: 224 });
      const kernels = await loadKernels(flavour);
      const levels = await randomLevels({
        network,
        weights: seededWeights(network),
        epsilon: 1e-3,
        trainedResolution: null,
        source: 'seeded',
      });
      const layout = planIntegers(network, kernels, levels.values);
      const { constants } = kernels;
      const steps = costSteps(network, layout, { constants, levels });
      expect(steps.map(({ kernel }) => kernel)).toEqual(layout.steps.map(({ kernel }) => kernel));
      expect(steps.reduce((total, { macs }) => total + macs, 0)).toBe(cost(network).macs);

      const each = constants.narrowBytes;
      const find = (layer: string, kernel: string) =>
        steps.find((step) => step.layer === layer && step.kernel === kernel)!.bytes;
      const header = constants.headerBytes;
      // The picture becomes integers, 8 pixels at a time, with a multiplier and an offset for each value.
      expect(find('conv1', 'quantise_i8')).toBe((4 + each) * 224 * 224 * 3 + 4 * 2 * 24);
      // A window has weights for 32 bytes or 28 words.
      const conv1 = each * (224 * 224 * 3 + 112 * 112 * 32) + (each === 1 ? 32 : 56) * 32 + 4 * header;
      expect(find('conv1', 'conv_rgb_i8')).toBe(conv1);
      expect(find('conv_pw_1', 'pointwise_i8')).toBe(each * (112 * 112 * (32 + 64) + 32 * 64) + (64 / 8) * header);
      expect(find('global_average_pooling2d', 'global_average_pool_i8')).toBe(each * 49 * 1024 + 4 * 3 * 1024);
      // The classifier's input is converted for it, its weights are bytes, its output is floats.
      expect(find('conv_preds', 'pointwise_i8')).toBe(each * 1024 + 1024 * 1000 + 4 * 1000 + 125 * header);
    },
  );

  it.each(['mobilenet_v2', 'efficientnet_b0'])('%s: MACs add up, every step has bytes', async (id) => {
    const network = resolve(buildNetwork(id, {}), { resolution: 96 });
    const { constants, ...kernels } = await loadKernels();
    const levels = await randomLevels({
      network,
      weights: seededWeights(network),
      epsilon: 1e-3,
      trainedResolution: null,
      source: 'seeded',
    });
    const layout = planIntegers(network, { constants, ...kernels }, levels.values);
    const steps = costSteps(network, layout, { constants, levels });
    expect(steps.reduce((total, { macs }) => total + macs, 0)).toBe(cost(network).macs);
    const packed = [...layout.weights, ...layout.integers].reduce((total, { bytes }) => total + bytes, 0);
    expect(steps.reduce((total, { bytes }) => total + bytes, 0)).toBeGreaterThan(packed);
    for (const { bytes } of steps) expect(bytes).toBeGreaterThan(0);
  });

  it('a narrow copy of a map reads two bytes and writes what products read', async () => {
    const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.35 }), { resolution: 96 });
    const kernels = await loadKernels();
    const levels = await calibrated(network, () => true, ['block_4_add']);
    const steps = costSteps(network, planIntegers(network, kernels, levels.values), { ...kernels, levels });
    expect(steps.reduce((total, { macs }) => total + macs, 0)).toBe(cost(network).macs);
    const { narrowBytes } = kernels.constants;
    const copy = steps.find(({ layer }) => layer === copyOf('block_4_add'));
    expect(copy).toMatchObject({ kernel: 'add_i8', macs: 0, bytes: (2 + narrowBytes) * 12 * 12 * 16 + 4 * 3 * 16 });
  });
});

describe('bench', () => {
  it('integers have a share of their own ceiling; two threads run', async () => {
    const small = { alpha: 0.25, resolution: 64, runs: 2, threads: 2 };
    const { record, facts } = await bench({ ...small, model: 'mobilenet_v1', dtype: 'int8', layers: true });
    expect(record).toMatchObject({ dtype: 'int8', threads: 2 });
    expect(record.ceilingShare).toBeGreaterThan(0);
    expect(record.ceilingShare).toBeLessThanOrEqual(1);
    expect(record.layers!.some(({ kernel }) => kernel === 'pointwise_i8')).toBe(true);
    expect(facts).toMatchObject({ weights: 'seeded', ranges: 'random' });
    expect(facts.ceiling).toBeGreaterThan(0);
    const floats = await bench({ ...small, model: 'mobilenet_v1' });
    expect(floats.record).toMatchObject({ dtype: 'f32', threads: 2 });
    expect(floats.facts.ranges).toBeUndefined();
  });

  it('takes the box’s ranges where it has the model', async () => {
    expect((await benchSubject({ model: 'mobilenet_v2', dtype: 'int8' })).levels?.values.size).toBeGreaterThan(30);
    expect((await benchSubject({ model: 'mobilenet_v2' })).levels).toBeUndefined();
    expect((await benchSubject({ model: 'mobilenet_v1', alpha: 0.5, dtype: 'int8' })).levels).toBeUndefined();
  });

  it('rows add up: MACs to the network’s, shares to 1', async () => {
    const { record, facts } = await bench({
      model: 'mobilenet_v1',
      alpha: 0.25,
      resolution: 64,
      runs: 3,
      layers: true,
    });
    expect(Object.keys(record)).toEqual([
      'network',
      'alpha',
      'resolution',
      'trainedResolution',
      'dtype',
      'threads',
      'ms',
      'macs',
      'gmacsPerSecond',
      'ceilingShare',
      'layers',
    ]);
    expect(facts).toMatchObject({ weights: 'seeded', runs: 3 });
    const layers = record.layers!;
    expect(layers.reduce((total, { macs }) => total + macs, 0)).toBe(record.macs);
    expect(layers.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 4);
    expect(record.ms.min).toBeLessThanOrEqual(record.ms.median);
    expect(record.ms.median).toBeLessThanOrEqual(record.ms.p95);
    expect(record.ceilingShare).toBeGreaterThan(0);
    expect(record.ceilingShare).toBeLessThanOrEqual(1);
  });

  it('takes the box’s weights where it has the model, seeded ones elsewhere', async () => {
    expect((await benchSubject({ model: 'mobilenet_v2' })).source).toBe('mobilenet_v2_1.0_224.safetensors');
    const seeded = await benchSubject({ model: 'mobilenet_v2', alpha: 0.35, resolution: 96 });
    expect(seeded.source).toBe('seeded');
    expect(seeded.network).toMatchObject({ id: 'mobilenet_v2', alpha: 0.35, resolution: 96 });
  });

  it('more than the ceiling is a fault of the bench', () => {
    expect(shareOf(25, 20)).toBe(0.8);
    expect(() => shareOf(25, 25.5)).toThrow(/MEASUREMENT IS WRONG.*25\.5.*ceiling of 25\.0/);
    try {
      shareOf(1, 2);
    } catch (error) {
      expect(error).toBeInstanceOf(MobilenetError);
      expect(error).toMatchObject({ exitCode: 70, code: 'bench-fault' });
    }
  });
});

describe('quantile', () => {
  it('is the nearest rank', () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([1, 3, 5, 5]);
    expect(quantile([1, 2], 0.5)).toBe(1);
    expect(
      quantile(
        Array.from({ length: 40 }, (_, i) => i + 1),
        0.95,
      ),
    ).toBe(38);
    expect(median([])).toBeNaN();
    expect(values).toEqual([5, 1, 4, 2, 3]);
  });
});

describe('benchText', () => {
  const record: BenchRecord = {
    network: 'mobilenet_v1',
    alpha: 0.5,
    resolution: 160,
    trainedResolution: null,
    dtype: 'f32',
    threads: 1,
    ms: { min: 4.1, median: 4.25, p95: 5 },
    macs: 76524800,
    gmacsPerSecond: 18,
    ceilingShare: 0.72,
  };
  const facts: BenchFacts = { weights: 'seeded', runs: 40, runtime: 'Node.js v20 x64', ceiling: 25 };
  const layers = [
    {
      layer: 'a',
      mainLayer: 'a',
      kernel: 'conv_f32',
      ms: 1,
      macs: 10_000_000,
      gmacsPerSecond: 10,
      share: 0.25,
      bytes: 1_250_000,
    },
    {
      layer: 'b',
      mainLayer: 'b',
      kernel: 'pointwise_f32',
      ms: 2.5,
      macs: 60_000_000,
      gmacsPerSecond: 24,
      share: 0.625,
      bytes: 2e6,
    },
    {
      layer: 'b',
      mainLayer: 'b',
      kernel: 'activate_f32',
      ms: 0.5,
      macs: 0,
      gmacsPerSecond: 0,
      share: 0.125,
      bytes: 400,
    },
  ];

  it('says the same as the record', () => {
    expect(benchText(record, facts)).toBe(
      [
        'mobilenet_v1 α 0.5 · 160×160 · f32 · 1 thread · seeded weights · Node.js v20 x64',
        '4.25 ms median of 40 runs · min 4.10 · p95 5.00',
        '76,524,800 MACs · 18.0 GMAC/s · 72.0 % of the f32 SIMD ceiling, 25.0 GMAC/s',
        '',
      ].join('\n'),
    );
  });

  it('sets integers beside their ceiling, and threads beside as many ceilings', () => {
    const integers = { ...record, dtype: 'int8' as const, layers };
    const text = benchText(integers, { ...facts, ranges: 'random' });
    expect(text).toContain(' · int8 · 1 thread · seeded weights · 7-bit ranges of a random image · Node.js');
    expect(text).toContain('18.0 GMAC/s · 72.0 % of the int8 SIMD ceiling, 25.0 GMAC/s\n');
    expect(text).toMatch(/\n25\.0 ┬─+ SIMD ceiling\n/);
    const two = benchText({ ...record, threads: 2, ceilingShare: 0.36 }, facts);
    expect(two).toContain(' · 2 threads · ');
    expect(two).toContain('36.0 % of the f32 SIMD ceiling, 2 × 25.0 GMAC/s\n');
  });

  it('with layers: rows, their total, and the roofline of those that multiply', () => {
    const lines = benchText({ ...record, layers }, facts).split('\n');
    expect(lines.slice(4, 9)).toEqual([
      'layer  kernel             ms        MACs  GMAC/s    share      bytes',
      'a      conv_f32       1.0000  10,000,000    10.0   25.0 %  1,250,000',
      'b      pointwise_f32  2.5000  60,000,000    24.0   62.5 %  2,000,000',
      'b      activate_f32   0.5000           0           12.5 %        400',
      'total                 4.0000  70,000,000    17.5  100.0 %  3,250,400',
    ]);
    const roof = lines.findIndex((line) => line.startsWith('25.0 ┬'));
    // 24 of 25 GMAC/s is in the top tenth at 2^4.9 MAC/byte, 10 of 25 in the fifth from below at 2^3.
    expect(lines[roof + 1]).toMatch(/│ +1$/);
    expect(lines[roof + 6]).toMatch(/│2$/);
    expect(lines.slice(roof + 14, roof + 16)).toEqual([
      '1  b      pointwise_f32     30.00    24.0      96.0 %',
      '2  a      conv_f32           8.00    10.0      40.0 %',
    ]);
  });
});
