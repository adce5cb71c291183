import { describe, expect, it } from 'vitest';
import { type Cost, cost } from '../../src/cost/cost.js';
import { countLayer } from '../../src/cost/count-layer.js';
import { buildNetwork, networkIds, networks } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { NETWORK_INPUT, type Network, type ResolvedNetwork } from '../../src/networks/types.js';
import { mobilenetV1Layers, mobilenetV1Macs, mobilenetV2Macs, parameterCounts } from './figures.js';

function resolveAt(id: string, alpha: number, resolution: number, classes = 1000): ResolvedNetwork {
  return resolve(buildNetwork(id, { alpha, classes }), { resolution });
}

function costOf(id: string, alpha: number, resolution: number, classes = 1000): Cost {
  return cost(resolveAt(id, alpha, resolution, classes));
}

/** MACs of the classifier, which some published rows leave out. */
function classifierMacs({ layers }: Cost): number {
  return layers.findLast(({ kind }) => kind === 'dense')!.macs;
}

describe('MobileNet v1', () => {
  it.each(mobilenetV1Macs)('α %d at %d takes %d MACs', (alpha, resolution, macs, slim, paper) => {
    const counted = costOf('mobilenet_v1', alpha, resolution);
    expect(counted.macs).toBe(macs);
    expect(counted.flops).toBe(2 * macs);
    expect(counted.published).toBe(true);
    // The paper cuts or rounds, with or without the classifier.
    const readings = [Math.floor(macs / 1e6), Math.round(macs / 1e6)];
    if (paper !== undefined) expect(readings).toContain(paper);
    // TF-slim's rows for α 0.75 leave the first convolution out; 0.5/224 counts the pool's sums; 0.25/192 is a typo.
    if (alpha === 0.75) expect(Math.round((macs - counted.layers[0]!.macs) / 1e6)).toBe(slim);
    else if (alpha === 0.5 && resolution === 224) expect(Math.round((macs + 7 * 7 * 512) / 1e6)).toBe(slim);
    else if (!(alpha === 0.25 && resolution === 192)) expect(Math.round(macs / 1e6)).toBe(slim);
  });

  it('is the paper’s table 1, layer by layer', () => {
    const network = resolveAt('mobilenet_v1', 1, 224);
    const linear = network.layers.filter(({ parameters }) => parameters.length > 0);
    const rows = linear.map((layer) => {
      const { macs, params } = countLayer(layer);
      const channels = layer.parameters.find(({ name }) => name === 'gamma')?.shape[0] ?? 0;
      return [layer.name, layer.outputShape.height, layer.outputShape.channels, macs, params.weights, channels];
    });
    expect(rows).toEqual(mobilenetV1Layers.map((row) => row.slice(0, 6)));
    expect(linear.at(-1)!.parameters).toContainEqual({ name: 'bias', shape: [1000] });
  });

  it('reaches the published FLOPs at each end-point', () => {
    const { layers } = costOf('mobilenet_v1', 1, 224);
    let flops = 0;
    for (const [name, , , , , , published] of mobilenetV1Layers) {
      const { macs, output } = layers.find((layer) => layer.name === name)!;
      flops += 2 * macs + output[0] * output[1] * output[2];
      if (published !== undefined) expect(flops / 1e9).toBeCloseTo(published, 3);
    }
  });

  it('splits as in the paper’s table 2', () => {
    const { kinds, macs, params } = costOf('mobilenet_v1', 1, 224);
    const split = kinds.map((row) => [row.kind, percent(row.macs, macs, 4), percent(row.weights, params.weights, 4)]);
    // The table prints 1.19 % for the 3×3 convolution: its digits are swapped, its column adds up to 99.29 %.
    expect(split).toEqual([
      ['pointwise', 94.8574, 74.5906],
      ['depthwise', 3.0569, 1.0606],
      ['conv', 1.9056, 0.0205],
      ['dense', 0.18, 24.3283],
    ]);
  });

  it('matches table 4: full convolutions', () => {
    const full = costOf('mobilenet_v1_full_conv', 1, 224);
    expect(full.macs).toBe(4_867_293_184);
    expect(full.macs - classifierMacs(full)).toBe(4_866_269_184);
    expect(full.params.weights + 1000).toBe(29_282_120);
  });

  it('matches table 5: the shallow network', () => {
    const shallow = costOf('mobilenet_v1_shallow', 1, 224);
    expect(shallow.macs).toBe(307_323_392);
    expect(shallow.params.weights + 1000).toBe(2_876_328);
  });

  it('matches tables 7 and 9 without the classifier', () => {
    const half = costOf('mobilenet_v1', 0.5, 160);
    expect(half.macs - classifierMacs(half)).toBe(76_012_800);
    expect(half.params.weights + 1000).toBe(1_320_648);
    const full = costOf('mobilenet_v1', 1, 160);
    expect(full.macs - classifierMacs(full)).toBe(289_651_200);
  });

  it('matches table 10: 120 breeds of dogs', () => {
    const wide = costOf('mobilenet_v1', 1, 224, 120);
    expect([wide.macs, wide.params.weights + 120]).toEqual([567_839_232, 3_308_088]);
    const narrow = costOf('mobilenet_v1', 0.75, 224, 120);
    expect([narrow.macs, narrow.params.weights + 120]).toEqual([324_724_608, 1_892_424]);
  });

  it.each([
    [1, 224, 567.7],
    [0.5, 224, 148.99],
    [0.25, 224, 40.77],
    [1, 128, 185.4],
    [0.5, 128, 48.65],
    [0.25, 128, 13.31],
  ])('α %d at %d takes %d M MACs without the classifier (table 12)', (alpha, resolution, millions) => {
    const counted = costOf('mobilenet_v1', alpha, resolution);
    const decimals = (String(millions).split('.')[1] ?? '').length;
    expect(((counted.macs - classifierMacs(counted)) / 1e6).toFixed(decimals)).toBe(millions.toFixed(decimals));
  });

  it.each([
    [1, 4_243_945, '4.24'],
    [0.75, 2_594_537, '2.59'],
    [0.5, 1_337_577, '1.34'],
    [0.25, 473_065, '0.47'],
  ])('α %d has %d parameters as TF-slim’s README counts them', (alpha, count, printed) => {
    // Three of a batch norm's four vectors, 1001 classes.
    const { params } = costOf('mobilenet_v1', alpha, 224, 1001);
    const counted = (params.trainable + params.total) / 2;
    expect(counted).toBe(count);
    expect((counted / 1e6).toFixed(2)).toBe(printed);
  });

  it.each([
    [512, 14, 462, 2.36, 52.3, 0.27],
    [384, 14, 260, 1.33, 29.6, 0.15],
    [384, 10, 133, 1.33, 15.1, 0.15],
  ])('one block of %d channels at %d is as in table 3', (channels, side, fullMacs, fullWeights, macs, weights) => {
    const block: Network = {
      id: 'block',
      alpha: 1,
      classes: channels,
      inputChannels: channels,
      layers: [
        {
          ...{ kind: 'depthwise', name: 'dw', inputs: [NETWORK_INPUT], kernelSize: 3, stride: 1, padding: 'same' },
          ...{ batchNorm: false, bias: false, activation: 'linear' },
        },
        {
          ...{ kind: 'pointwise', name: 'pw', inputs: ['dw'], outChannels: channels, stride: 1 },
          ...{ batchNorm: false, bias: false, activation: 'linear' },
        },
      ],
    };
    const counted = cost(resolve(block, { resolution: side }));
    expect((counted.macs / 1e6).toFixed(1)).toBe(macs.toFixed(1));
    expect((counted.params.weights / 1e6).toFixed(2)).toBe(weights.toFixed(2));
    expect(Math.round(counted.standard.macs / 1e6)).toBe(fullMacs);
    expect((counted.standard.params.weights / 1e6).toFixed(2)).toBe(fullWeights.toFixed(2));
  });
});

describe('MobileNet v2', () => {
  it.each(mobilenetV2Macs)('α %d at %d takes %d MACs', (alpha, resolution, macs, slim) => {
    const counted = costOf('mobilenet_v2', alpha, resolution);
    expect(counted.macs).toBe(macs);
    // TF-slim's README cuts its millions, and lists what was published.
    expect(counted.published).toBe(slim !== undefined);
    if (slim !== undefined) expect(Math.floor(macs / 1e6)).toBe(slim);
  });

  it('has OpenVINO’s folded count with 1001 classes', () => {
    expect(costOf('mobilenet_v2', 1, 224, 1001).params.folded).toBe(3_489_097);
  });

  it('splits by role', () => {
    const network = resolveAt('mobilenet_v2', 1, 224);
    expect(split(network, /_expand$/)).toEqual([43.14, 21.66]);
    expect(split(network, /_project$/)).toEqual([39.27, 27.75]);
    expect(split(network, /_depthwise$/)).toEqual([6.89, 1.85]);
    expect(split(network, /^Conv_1$/)).toEqual([6.67, 11.8]);
    expect(split(network, /^Conv1$/)).toEqual([3.6, 0.02]);
    expect(split(network, /^predictions$/)).toEqual([0.43, 36.91]);
    expect(split(resolveAt('mobilenet_v2', 0.35, 96), /^predictions$/)).toEqual([10.73, 77.03]);
  });
});

describe('Xception', () => {
  it('takes 8,357,403,496 MACs at 299', () => {
    const counted = costOf('xception', 1, 299);
    expect(counted.macs).toBe(8_357_403_496);
    expect(counted.published).toBe(true);
    expect(costOf('xception', 0.5, 299).published).toBe(false);
  });

  it('goes through the maps 149, 147, 74, 37, 19, 10', () => {
    const { layers } = costOf('xception', 1, 299);
    const sides = layers.filter(({ output }) => output[0] > 1).map(({ output }) => output[0]);
    const changes = [299, ...sides].filter((side, index, all) => side !== all[index - 1]);
    // The 1×1 convolution of each shortcut comes before its block's layers, which go back to the larger map.
    expect(changes).toEqual([299, 149, 147, 74, 147, 74, 37, 74, 37, 19, 37, 19, 10, 19, 10]);
    expect(layers.find(({ name }) => name === 'block14_sepconv2_pointwise')!.output).toEqual([10, 10, 2048]);
  });

  it('splits by role', () => {
    const network = resolveAt('xception', 1, 299);
    expect(split(network, /sepconv\d_pointwise$/)).toEqual([90.63, 85.75]);
    expect(split(network, /^block1_conv/)).toEqual([5, 0.08]);
    expect(split(network, /_skip$/)).toEqual([2.77, 4.27]);
    expect(split(network, /_depthwise$/)).toEqual([1.58, 0.91]);
    expect(split(network, /^predictions$/)).toEqual([0.02, 8.99]);
  });
});

describe('parameters', () => {
  it.each(parameterCounts)(
    '%s α %d',
    (id, alpha, weights, withBias, folded, trainable, total, noTop, total1001, bias1001) => {
      const { defaultResolution } = networks[id];
      const counted = costOf(id, alpha, defaultResolution);
      expect(counted.params).toEqual({ weights, folded, trainable, total });
      expect(counted.memory.weights).toBe(4 * folded);
      const classifier = counted.layers.findLast(({ kind }) => kind === 'dense')!;
      expect(counted.params.weights + 1000).toBe(withBias);
      expect(total - classifier.params).toBe(noTop);
      const more = costOf(id, alpha, defaultResolution, 1001);
      expect(more.params.total).toBe(total1001);
      expect(more.params.weights + 1001).toBe(bias1001);
    },
  );
});

describe('activations', () => {
  // Sum of the outputs of convolutions and the classifier: timm's `macts`.
  it.each([
    ['mobilenet_v1', 1, 224, '5.04'],
    ['mobilenet_v2', 1, 224, '6.68'],
    ['mobilenet_v2', 1.4, 224, '9.57'],
    ['mobilenet_v2', 0.5, 224, '3.64'],
    ['mobilenet_v2', 0.35, 224, '2.86'],
    ['xception', 1, 299, '35.83'],
  ])('%s α %d at %d writes %s M values', (id, alpha, resolution, millions) => {
    const linear = resolveAt(id, alpha, resolution).layers.filter(({ parameters }) => parameters.length > 0);
    const values = linear.reduce(
      (sum, { outputShape: { height, width, channels } }) => sum + height * width * channels,
      0,
    );
    expect((values / 1e6).toFixed(2)).toBe(millions);
  });

  // By hand from the papers' tables: the largest input and output at one layer, with a shortcut if one is kept.
  it.each([
    ['mobilenet_v1', 224, 112 * 112 * 32 + 112 * 112 * 64],
    ['mobilenet_v2', 224, 112 * 112 * 96 + 56 * 56 * 96],
    ['xception', 299, 74 * 74 * 128 + 2 * 147 * 147 * 128],
    ['efficientnet_b0', 224, 112 * 112 * 96 + 56 * 56 * 96],
  ])('%s at %d keeps %d values at most', (id, resolution, elements) => {
    expect(costOf(id, 1, resolution).memory.activations).toBe(4 * elements);
  });
});

describe('the standard-convolution twin', () => {
  it('of MobileNet v1 is the paper’s full convolution network', () => {
    const { standard, macs } = costOf('mobilenet_v1', 1, 224);
    const full = costOf('mobilenet_v1_full_conv', 1, 224);
    expect(standard.macs).toBe(4_867_293_184);
    expect(standard.flops).toBe(2 * 4_867_293_184);
    expect(standard.params).toEqual(full.params);
    expect(standard.macsRatio).toBe(4_867_293_184 / macs);
  });

  it('of a network without depthwise layers is the network', () => {
    const full = costOf('mobilenet_v1_full_conv', 1, 224);
    expect(full.standard).toMatchObject({ macs: full.macs, params: full.params, macsRatio: 1, paramsRatio: 1 });
  });

  it('keeps squeeze-and-excitation', () => {
    const { standard, layers } = costOf('efficientnet_b0', 1, 224);
    // Each pair (k²·C + C·N) · area becomes k²·C·N · area; everything else stays.
    let expected = 0;
    let kernelArea = 0;
    for (const layer of layers) {
      if (layer.kind === 'depthwise') {
        kernelArea = layer.macs / (layer.output[0] * layer.output[1] * layer.output[2]);
      } else {
        expected += layer.name.endsWith('_project_conv') ? kernelArea * layer.macs : layer.macs;
      }
    }
    expect(standard.macs).toBe(expected);
  });
});

describe('every network', () => {
  it.each(networkIds)('%s: rows add up to the totals', (id) => {
    for (const alpha of [0.3, 1, 1.7]) {
      const counted = costOf(id, alpha, networks[id].defaultResolution - 25, 17);
      const sum = (pick: (row: Cost['layers'][number]) => number) =>
        counted.layers.reduce((s, row) => s + pick(row), 0);
      expect(sum(({ macs }) => macs)).toBe(counted.macs);
      expect(sum(({ params }) => params)).toBe(counted.params.total);
      expect(counted.kinds.reduce((s, { macs }) => s + macs, 0)).toBe(counted.macs);
      expect(counted.kinds.reduce((s, { weights }) => s + weights, 0)).toBe(counted.params.weights);
      expect(counted.published).toBe(false);
    }
  });

  it.each(networkIds)('%s: counts stay exact at the largest α, resolution and classes', (id) => {
    const { allowed } = networks[id];
    const largest = costOf(id, allowed.alpha.maximum, allowed.resolution.maximum, 1_000_000);
    expect(Number.isSafeInteger(largest.standard.flops)).toBe(true);
    expect(Number.isSafeInteger(largest.memory.activations)).toBe(true);
  });
});

function percent(part: number, whole: number, decimals: number): number {
  return Number(((100 * part) / whole).toFixed(decimals));
}

/** Share of MACs, and of weights with the classifier's bias, of the layers whose name matches; two decimals. */
function split({ layers }: ResolvedNetwork, name: RegExp): readonly number[] {
  const rows = layers.map((layer) => {
    const { macs, params } = countLayer(layer);
    return { layer, macs, weights: layer.kind === 'dense' ? params.trainable : params.weights };
  });
  const chosen = rows.filter(({ layer }) => name.test(layer.name));
  const sum = (list: typeof rows, key: 'macs' | 'weights') => list.reduce((total, row) => total + row[key], 0);
  return (['macs', 'weights'] as const).map((key) => percent(sum(chosen, key), sum(rows, key), 2));
}
