import { describe, expect, it } from 'vitest';
import { scaleChannels, scaleToMultipleOf8 } from '../../src/networks/channels.js';
import { buildNetwork, findNetwork, isNetworkId, isPublished, networkIds, networks } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { type Layer, NETWORK_INPUT, type ResolvedLayer } from '../../src/networks/types.js';

const namesOf = (id: string) => buildNetwork(id).layers.map(({ name }) => name);
const find = (id: string, name: string) => buildNetwork(id).layers.find((layer) => layer.name === name)!;

describe('every network', () => {
  it.each(networkIds)('%s lists inputs before readers, has its own names and ends in a softmax', (id) => {
    const { layers, classes } = buildNetwork(id, { classes: 10 });
    const known = new Set<string>([NETWORK_INPUT]);
    for (const { name, inputs } of layers) {
      for (const input of inputs) expect(known).toContain(input);
      expect(known).not.toContain(name);
      known.add(name);
    }
    expect(classes).toBe(10);
    expect(layers.at(-1)!.kind).toBe('softmax');
    expect(resolve(buildNetwork(id, { classes: 10 }), { resolution: 96 }).layers.at(-1)!.outputShape).toEqual({
      height: 1,
      width: 1,
      channels: 10,
    });
  });

  it.each(networkIds)('%s can be built at odd widths', (id) => {
    for (const alpha of [1e-9, 0.1, 1 / 3, 0.99, 1.77, 16]) {
      expect(() => resolve(buildNetwork(id, { alpha }), { resolution: 65 })).not.toThrow();
    }
  });

  it.each(networkIds)('%s refuses what no network takes', (id) => {
    for (const alpha of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 16.1]) {
      expect(() => buildNetwork(id, { alpha })).toThrow(
        `${id}: alpha ${alpha}, expected a number above 0 and at most 16`,
      );
    }
    for (const classes of [0, -1, 1.5, Number.NaN, 1_000_001]) {
      expect(() => buildNetwork(id, { classes })).toThrow(`${id}: ${classes} classes, expected a whole number from 1`);
    }
  });
});

describe('names and order, as in Keras', () => {
  it('MobileNet v1', () => {
    const names = namesOf('mobilenet_v1');
    expect(names.slice(0, 5)).toEqual(['conv1', 'conv_dw_1', 'conv_pw_1', 'conv_dw_2', 'conv_pw_2']);
    expect(names.slice(-4)).toEqual(['conv_pw_13', 'global_average_pooling2d', 'conv_preds', 'softmax']);
    expect(find('mobilenet_v1', 'conv_preds')).toMatchObject({ kind: 'dense', bias: true, batchNorm: false });
    expect(find('mobilenet_v1', 'conv_dw_12')).toMatchObject({ stride: 2 });
    expect(find('mobilenet_v1', 'conv_dw_13')).toMatchObject({ stride: 1 });
    expect(names).toHaveLength(30);
  });

  it('MobileNet v2', () => {
    const names = namesOf('mobilenet_v2');
    expect(names.slice(0, 6)).toEqual([
      ...['Conv1', 'expanded_conv_depthwise', 'expanded_conv_project'],
      ...['block_1_expand', 'block_1_depthwise', 'block_1_project'],
    ]);
    expect(names.slice(-4)).toEqual(['Conv_1', 'global_average_pooling2d', 'predictions', 'softmax']);
    const adds = buildNetwork('mobilenet_v2').layers.filter(({ kind }) => kind === 'add');
    expect(adds.map(({ name }) => name)).toEqual([2, 4, 5, 7, 8, 9, 11, 12, 14, 15].map((n) => `block_${n}_add`));
    expect(adds[0]!.inputs).toEqual(['block_1_project', 'block_2_project']);
    expect(adds[2]!.inputs).toEqual(['block_4_add', 'block_5_project']);
    expect(find('mobilenet_v2', 'block_2_project')).toMatchObject({
      activation: 'linear',
      batchNorm: true,
      bias: false,
    });
  });

  it('Xception', () => {
    const names = namesOf('xception');
    expect(names.slice(0, 10)).toEqual([
      ...['block1_conv1', 'block1_conv2', 'block2_skip', 'block2_sepconv1_depthwise', 'block2_sepconv1_pointwise'],
      ...['block2_sepconv2_depthwise', 'block2_sepconv2_pointwise', 'block2_pool', 'block2_add', 'block3_skip'],
    ]);
    const { layers } = buildNetwork('xception');
    expect(layers.filter(({ kind }) => kind === 'activation').map(({ name }) => name)).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((number) => `block${number}_sepconv1_act`),
    );
    expect(find('xception', 'block3_skip')).toMatchObject({ inputs: ['block2_add'], stride: 2, activation: 'linear' });
    expect(find('xception', 'block3_add').inputs).toEqual(['block3_skip', 'block3_pool']);
    expect(find('xception', 'block5_add').inputs).toEqual(['block4_add', 'block5_sepconv3_pointwise']);
    expect(find('xception', 'block5_sepconv1_pointwise')).toMatchObject({ activation: 'relu', batchNorm: true });
    expect(find('xception', 'block5_sepconv3_pointwise')).toMatchObject({ activation: 'linear' });
    const depthwise = { batchNorm: false, bias: false, activation: 'linear' };
    expect(find('xception', 'block14_sepconv2_depthwise')).toMatchObject(depthwise);
    expect(layers.filter((layer) => 'padding' in layer && layer.padding === 'valid')).toHaveLength(2);
  });

  it('EfficientNet-B0', () => {
    const names = namesOf('efficientnet_b0');
    expect(names.slice(0, 9)).toEqual([
      ...['stem_conv', 'block1a_dwconv', 'block1a_se_squeeze', 'block1a_se_reduce', 'block1a_se_expand'],
      ...['block1a_se_excite', 'block1a_project_conv', 'block2a_expand_conv', 'block2a_dwconv'],
    ]);
    expect(names.slice(-4)).toEqual(['top_conv', 'avg_pool', 'predictions', 'softmax']);
    expect(find('efficientnet_b0', 'block1a_se_excite').inputs).toEqual(['block1a_dwconv', 'block1a_se_expand']);
    expect(find('efficientnet_b0', 'block1a_se_expand')).toMatchObject({ activation: 'sigmoid', bias: true });
    expect(find('efficientnet_b0', 'block2a_se_reduce')).toMatchObject({ activation: 'swish', outChannels: 4 });
    expect(find('efficientnet_b0', 'block2b_add').inputs).toEqual(['block2a_project_conv', 'block2b_project_conv']);
    expect(find('efficientnet_b0', 'block5a_dwconv')).toMatchObject({ kernelSize: 5, stride: 1 });
    const adds = buildNetwork('efficientnet_b0').layers.filter(({ kind }) => kind === 'add');
    expect(adds).toHaveLength(9);
  });
});

describe('channel rounding', () => {
  it('of MobileNet v1 cuts, but not below 8', () => {
    expect([0.1, 0.25, 0.33, 0.75, 1.4].map((alpha) => scaleChannels(32, alpha))).toEqual([8, 8, 10, 24, 44]);
  });

  // Worked by hand from TF-slim's make_divisible; 32 · 0.35 = 11.2 goes up to 16, as 8 would be more than 10 % less.
  it('of MobileNet v2 goes to multiples of 8', () => {
    expect([0.1, 0.35, 0.5, 0.75, 1.3, 1.4].map((alpha) => scaleToMultipleOf8(32, alpha))).toEqual([
      8, 16, 16, 24, 40, 48,
    ]);
    expect([0.35, 1.3, 1.4].map((alpha) => scaleToMultipleOf8(24, alpha))).toEqual([8, 32, 32]);
  });

  it('leaves MobileNet v2’s last convolution at 1280 below α 1', () => {
    const last = (alpha: number) =>
      buildNetwork('mobilenet_v2', { alpha }).layers.find(({ name }) => name === 'Conv_1') as Extract<
        Layer,
        { kind: 'pointwise' }
      >;
    expect([0.35, 1, 1.3, 1.4].map((alpha) => last(alpha).outChannels)).toEqual([1280, 1280, 1664, 1792]);
  });
});

describe('the index', () => {
  it('knows its networks', () => {
    expect(networkIds).toEqual([
      ...['mobilenet_v1', 'mobilenet_v1_full_conv', 'mobilenet_v1_shallow'],
      ...['mobilenet_v2', 'xception', 'efficientnet_b0'],
      ...['efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2', 'efficientnet_lite3', 'efficientnet_lite4'],
    ]);
    expect(isNetworkId('toString')).toBe(false);
    expect(() => findNetwork('__proto__')).toThrow('__proto__: unknown network, expected one of mobilenet_v1,');
    expect(networkIds.filter((id) => networks[id].costOnly)).toEqual([
      'mobilenet_v1_full_conv',
      'mobilenet_v1_shallow',
    ]);
  });

  it('knows what was published', () => {
    expect(isPublished('mobilenet_v1', 0.25, 128)).toBe(true);
    expect(isPublished('mobilenet_v1', 0.35, 128)).toBe(false);
    expect(isPublished('mobilenet_v2', 1.4, 224)).toBe(true);
    expect(isPublished('mobilenet_v2', 1.4, 192)).toBe(false);
    expect(isPublished('xception', 1, 299)).toBe(true);
    expect(isPublished('somebody_else', 1, 224)).toBe(false);
  });

  it.each(networkIds)('%s takes its smallest and no smaller resolution', (id) => {
    const { minimum } = networks[id].allowed.resolution;
    expect(() => resolve(buildNetwork(id), { resolution: minimum })).not.toThrow();
    expect(() => resolve(buildNetwork(id), { resolution: minimum - 1 })).toThrow(/expected/);
  });
});

describe('receptive field of the last convolution', () => {
  // google-research/receptive_field for v1; v2 and Xception worked out from the papers' tables.
  it.each([
    ['mobilenet_v1', 224, 315],
    ['mobilenet_v2', 224, 491],
    ['xception', 299, 1083],
  ])('%s: %d → %d', (id, resolution, expected) => {
    const { layers } = resolve(buildNetwork(id), { resolution });
    const fields = new Map([[NETWORK_INPUT as string, { size: 1, jump: 1 }]]);
    for (const layer of layers) {
      const inputs = layer.inputs.map((name) => fields.get(name)!);
      const { kernelSize, stride } = windowOf(layer);
      const size = Math.max(...inputs.map((field) => field.size + (kernelSize - 1) * field.jump));
      fields.set(layer.name, { size, jump: inputs[0]!.jump * stride });
      if (layer.kind === 'globalAveragePool') break;
    }
    const pool = layers.find(({ kind }) => kind === 'globalAveragePool')!;
    expect(fields.get(pool.inputs[0]!)).toEqual({ size: expected, jump: 32 });
  });
});

function windowOf(layer: ResolvedLayer): { kernelSize: number; stride: number } {
  if (layer.kind === 'pointwise') return { kernelSize: 1, stride: layer.stride };
  return 'kernelSize' in layer ? layer : { kernelSize: 1, stride: 1 };
}
