import { describe, expect, it } from 'vitest';
import { conventions } from '../../src/cost/conventions.js';
import { cost } from '../../src/cost/cost.js';
import { groupings, groupLayers } from '../../src/cost/groups.js';
import { layerFacts, peakOf } from '../../src/cost/layer-facts.js';
import { buildNetwork, networkIds, networks } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';

const networkOf = (id: string, resolution: number, alpha = 1) => resolve(buildNetwork(id, { alpha }), { resolution });

function fieldsOf(id: string, resolution: number, name: RegExp) {
  const network = networkOf(id, resolution);
  const facts = layerFacts(network);
  return network.layers.flatMap((layer, index) => (name.test(layer.name) ? [facts[index]!.receptiveField!] : []));
}

describe('receptive field', () => {
  it('of MobileNet v1 is google-research/receptive_field’s', () => {
    const fields = fieldsOf('mobilenet_v1', 224, /^(conv1|conv_pw_\d+)$/);
    expect(fields.map(({ size }) => size)).toEqual([3, 7, 11, 19, 27, 43, 59, 91, 123, 155, 187, 219, 251, 315]);
    expect(fields.at(-1)).toEqual({ size: 315, stride: 32, padding: 126 });
    expect(fieldsOf('mobilenet_v1', 321, /^conv_pw_13$/)[0]!.padding).toBe(157);
  });

  it.each([
    ['mobilenet_v2', 224, /^Conv_1$/, 491],
    ['xception', 299, /^block14_sepconv2_pointwise$/, 1083],
  ])('of %s at its last convolution', (id, resolution, name, size) => {
    expect(fieldsOf(id, resolution, name)[0]).toMatchObject({ size, stride: 32 });
  });
});

describe('memory', () => {
  // arXiv:1801.04381, table 3: channels and kB of MobileNet v1's largest map at each size, 16-bit numbers.
  it.each([
    [56, 128, 800],
    [28, 256, 400],
    [14, 512, 200],
    [1, 1024, 2],
  ])('MobileNet v1 at %d² has %d channels, %d kB', (side, channels, kilobytes) => {
    const { layers } = networkOf('mobilenet_v1', 224);
    const widest = Math.max(
      ...layers.filter(({ outputShape }) => outputShape.height === side).map(({ outputShape }) => outputShape.channels),
    );
    expect(widest).toBe(channels);
    // kB of 1000 or of 1024 bytes, as it happens.
    const bytes = 2 * side * side * widest;
    expect([Math.floor(bytes / 1000 / 100) * 100, Math.round(bytes / 1000)]).toContain(kilobytes);
  });

  // The same table for v2: a size with the channels of the stage that reads it.
  it.each([
    [56, 32, 200],
    [28, 64, 100],
    [14, 160, 62],
    [7, 320, 32],
  ])('MobileNet v2: what reads %d² ends in %d channels, %d kB', (side, channels, kilobytes) => {
    const { layers } = networkOf('mobilenet_v2', 224);
    const stride = layers.filter((layer) => layer.kind === 'depthwise' && layer.inputShapes[0]!.height === side);
    const ends = stride.map((layer) => layers[layers.indexOf(layer) + 1]!.outputShape.channels);
    expect(Math.max(...ends)).toBe(channels);
    expect(Math.abs((2 * side * side * channels) / 1000 - kilobytes)).toBeLessThan(1);
  });

  it.each([
    ['mobilenet_v1', 224, 'conv_pw_1', 4 * 112 * 112 * (32 + 64)],
    ['mobilenet_v2', 224, 'block_1_depthwise', 4 * (112 * 112 * 96 + 56 * 56 * 96)],
    ['xception', 299, 'block2_sepconv2_depthwise', 4 * (74 * 74 * 128 + 2 * 147 * 147 * 128)],
  ])('the peak of %s at %d is at %s', (id, resolution, layer, bytes) => {
    expect(peakOf(networkOf(id, resolution))).toEqual({ layer, bytes });
  });

  it.each(networkIds)('%s: the peak is the largest live set', (id) => {
    const network = networkOf(id, networks[id].defaultResolution, 0.7);
    const { memory } = cost(network);
    expect(peakOf(network).bytes).toBe(memory.activations);
    expect(Math.max(...layerFacts(network).map(({ live }) => live))).toBe(memory.activations);
  });
});

describe('windows and intensity', () => {
  it('of a depthwise layer of stride 2', () => {
    const network = networkOf('mobilenet_v1', 224);
    const index = network.layers.findIndex(({ name }) => name === 'conv_dw_2');
    expect(layerFacts(network)[index]).toMatchObject({
      kernelSize: 3,
      stride: 2,
      pads: { top: 0, bottom: 1, left: 0, right: 1 },
      intensity: 1_806_336 / (4 * (576 + 64 + 112 * 112 * 64 + 56 * 56 * 64)),
    });
  });
});

describe('groups', () => {
  it.each([
    ['mobilenet_v1', ['conv1', 'block 1', 'block 2'], 'conv_preds'],
    ['mobilenet_v2', ['Conv1', 'expanded_conv', 'block_1'], 'Conv_1'],
    ['xception', ['block1', 'block2', 'block3'], 'block14'],
    ['efficientnet_b0', ['stem_conv', 'block1a', 'block2a', 'block2b'], 'top_conv'],
  ])('%s has the blocks of its paper', (id, first, last) => {
    const names = groupLayers(networkOf(id, 224).layers, 'block', conventions.paper.rule).map(({ name }) => name);
    expect(names.slice(0, first.length)).toEqual(first);
    expect(names).toContain(last);
  });

  it.each(networkIds.flatMap((id) => groupings.map((by) => [id, by] as const)))('%s by %s add up', (id, by) => {
    const network = networkOf(id, networks[id].defaultResolution);
    const groups = groupLayers(network.layers, by, conventions.fvcore.rule);
    const { macs, params } = cost(network);
    expect(groups.reduce((sum, group) => sum + group.macs, 0)).toBe(macs);
    expect(groups.reduce((sum, group) => sum + group.params.total, 0)).toBe(params.total);
    expect(groups.reduce((sum, group) => sum + group.layers, 0)).toBe(network.layers.length);
    expect(groups.length).toBeGreaterThan(3);
  });

  it('MobileNet v1 by stage is the paper’s sizes', () => {
    const stages = groupLayers(networkOf('mobilenet_v1', 224).layers, 'stage', conventions.paper.rule);
    expect(stages.map(({ name }) => name)).toEqual(['112×112', '56×56', '28×28', '14×14', '7×7', '1×1']);
  });
});
