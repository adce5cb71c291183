import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors/errors.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { type Layer, NETWORK_INPUT, type Network } from '../../src/networks/types.js';
import { placeAxis } from '../../src/networks/windows.js';
import { describeNetwork, parseNetwork } from '../../src/weights/network-json.js';

const plain = { batchNorm: false, bias: false, activation: 'linear' } as const;
const conv = (name: string, more: object = {}): Layer => ({
  ...{ kind: 'conv', name, inputs: [NETWORK_INPUT], outChannels: 8, kernelSize: 3, stride: 1, padding: 'same' },
  ...plain,
  ...more,
});
const network = (...layers: Layer[]): Network => ({ id: 'net', alpha: 1, classes: 8, inputChannels: 3, layers });
const shapesOf = (id: string, resolution: number, padding: 'tensorflow' | 'pytorch') =>
  new Map(resolve(buildNetwork(id), { resolution, padding }).layers.map((layer) => [layer.name, layer]));

// Written by test/golden/odd_sizes.py from torch and timm.
const golden: { rows: [number, number, number, number, number, number, number][] } = JSON.parse(
  readFileSync(new URL('../golden/odd_sizes.json', import.meta.url), 'utf8'),
);

describe('one axis', () => {
  it('comes out as in torch and timm', () => {
    expect(golden.rows.length).toBeGreaterThan(200);
    for (const [kernelSize, stride, size, pytorch, tensorflow, before, after] of golden.rows) {
      const window = { kernelSize, stride };
      const label = `${kernelSize}/${stride} at ${size}`;
      expect(placeAxis(size, window, 'tensorflow'), label).toEqual({ output: tensorflow, before, after });
      const half = Math.floor(kernelSize / 2);
      expect(placeAxis(size, window, 'pytorch'), label).toEqual({ output: pytorch, before: half, after: half });
    }
  });
});

describe('padding', () => {
  it('of stride 2 differs between the conventions on even sizes only', () => {
    const even = { top: 0, bottom: 1, left: 0, right: 1 };
    const both = { top: 1, bottom: 1, left: 1, right: 1 };
    expect(shapesOf('mobilenet_v1', 224, 'tensorflow').get('conv1')!.pads).toEqual(even);
    expect(shapesOf('mobilenet_v1', 224, 'pytorch').get('conv1')!.pads).toEqual(both);
    expect(shapesOf('mobilenet_v1', 225, 'tensorflow').get('conv1')!.pads).toEqual(both);
    expect(shapesOf('efficientnet_b0', 224, 'tensorflow').get('block3a_dwconv')!.pads).toEqual({
      ...{ top: 1, bottom: 2, left: 1, right: 2 },
    });
  });

  it('of Xception at 299 differs in block3_pool alone', () => {
    const tensorflow = shapesOf('xception', 299, 'tensorflow');
    const pytorch = shapesOf('xception', 299, 'pytorch');
    const different = [...tensorflow.values()].filter(({ name, pads }) => pads.top !== pytorch.get(name)!.pads.top);
    expect(different.map(({ name }) => name)).toEqual(['block3_pool']);
  });

  it('may be stated by an imported graph', () => {
    const pads = { top: 0, bottom: 2, left: 1, right: 0 };
    const [layer] = resolve(network(conv('a', { stride: 2, padding: pads })), { resolution: 10 }).layers;
    expect(layer!.pads).toEqual(pads);
    expect(layer!.outputShape).toEqual({ height: 5, width: 5, channels: 8 });
  });

  it('rounds odd maps up: 200 → 100 → 50 → 25 → 13 → 7', () => {
    const layers = shapesOf('mobilenet_v1', 200, 'tensorflow');
    const sides = ['conv1', 'conv_dw_2', 'conv_dw_4', 'conv_dw_6', 'conv_dw_12'].map(
      (name) => layers.get(name)!.outputShape.height,
    );
    expect(sides).toEqual([100, 50, 25, 13, 7]);
  });
});

describe('parameters', () => {
  it('have the extents of the layer descriptions', () => {
    const layers = shapesOf('mobilenet_v1', 224, 'tensorflow');
    const bn = ['gamma', 'beta', 'mean', 'variance'];
    expect(layers.get('conv1')!.parameters).toEqual([
      { name: 'weights', shape: [3, 3, 3, 32] },
      ...bn.map((name) => ({ name, shape: [32] })),
    ]);
    expect(layers.get('conv_dw_2')!.parameters[0]).toEqual({ name: 'weights', shape: [3, 3, 64] });
    expect(layers.get('conv_pw_2')!.parameters[0]).toEqual({ name: 'weights', shape: [64, 128] });
    expect(layers.get('conv_preds')!.parameters).toEqual([
      { name: 'weights', shape: [1024, 1000] },
      { name: 'bias', shape: [1000] },
    ]);
    expect(layers.get('softmax')!.parameters).toEqual([]);
  });
});

describe('shapes', () => {
  const pads = { top: 1, bottom: 2, left: 3, right: 4 };
  const common = { name: 'x', inputs: [NETWORK_INPUT] };
  const window = { kernelSize: 3, stride: 2, padding: 'valid' } as const;
  const linear = { ...plain, ...common };
  it.each<[Layer, readonly [number, number, number], readonly (readonly number[])[]]>([
    [{ ...linear, kind: 'conv', ...window, kernelWidth: 5, strideWidth: 1, outChannels: 6 }, [4, 5, 6], [[3, 5, 3, 6]]],
    [{ ...linear, kind: 'conv', ...window, dilation: 2, outChannels: 6, groups: 3 }, [3, 3, 6], [[3, 3, 1, 6]]],
    [
      { ...linear, kind: 'conv', ...window, padding: 'same', dilationWidth: 3, outChannels: 1 },
      [5, 5, 1],
      [[3, 3, 3, 1]],
    ],
    [{ ...linear, kind: 'depthwise', ...window, multiplier: 4 }, [4, 4, 12], [[3, 3, 12]]],
    [{ ...common, kind: 'averagePool', ...window, kernelWidth: 2, countsPadding: true }, [4, 4, 3], []],
    [{ ...common, kind: 'globalMaxPool' }, [1, 1, 3], []],
    [{ ...common, kind: 'concat', inputs: [NETWORK_INPUT, NETWORK_INPUT, NETWORK_INPUT] }, [9, 9, 9], []],
    [{ ...common, kind: 'subtract', inputs: [NETWORK_INPUT, NETWORK_INPUT] }, [9, 9, 3], []],
    [{ ...common, kind: 'slice', from: 1, to: 3 }, [9, 9, 2], []],
    [{ ...common, kind: 'pad', pads, value: 1 }, [12, 16, 3], []],
    [{ ...common, kind: 'crop', pads }, [6, 2, 3], []],
    [{ ...common, kind: 'resize', height: 5, width: 20, method: 'bilinear', coordinates: 'halfPixel' }, [5, 20, 3], []],
    [{ ...common, kind: 'flatten', order: 'CHW' }, [1, 1, 243], []],
    [{ ...common, kind: 'prelu' }, [9, 9, 3], [[3]]],
    [{ ...common, kind: 'prelu', perPixel: true }, [9, 9, 3], [[9, 9, 3]]],
  ])('%o', (layer, [height, width, channels], parameters) => {
    const [resolved] = resolve(network(layer), { resolution: 9 }).layers;
    expect(resolved!.outputShape).toEqual({ height, width, channels });
    expect(resolved!.parameters.map(({ shape }) => shape)).toEqual(parameters);
    if (layer.kind === 'pad' || layer.kind === 'crop') expect(resolved!.pads).toEqual(pads);
    // What describes the network describes this layer, before and after its sizes are known.
    for (const each of [layer, resolved!]) {
      const described = JSON.parse(JSON.stringify(describeNetwork(network(each))));
      expect(parseNetwork(described, 'test').layers).toEqual([layer]);
    }
  });
});

describe('resolutions that a network cannot take', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 4097])('%d', (resolution) => {
    expect(() => resolve(buildNetwork('mobilenet_v2'), { resolution })).toThrow(UsageError);
  });

  it('name the layer where nothing is left', () => {
    expect(() => resolve(buildNetwork('xception'), { resolution: 5 })).toThrow(
      'xception: block1_conv2: resolution 5 leaves a 2 × 2 map here, expected at least the 3 × 3 of its window',
    );
  });

  it('do not exist under same padding', () => {
    for (const padding of ['tensorflow', 'pytorch'] as const) {
      const { layers } = resolve(buildNetwork('efficientnet_b0'), { resolution: 1, padding });
      expect(layers.find(({ name }) => name === 'top_conv')!.outputShape.height).toBe(1);
    }
  });
});

describe('graphs that do not fit together', () => {
  const pointwise = (name: string, input: string, outChannels: number): Layer => ({
    ...{ kind: 'pointwise', name, inputs: [input], outChannels, stride: 1 },
    ...plain,
  });
  const pads = { top: 0, bottom: 0, left: 0, right: 0 };
  const slice = { kind: 'slice', name: 's', inputs: [NETWORK_INPUT] } as const;
  it.each<[string, Layer[]]>([
    ['net: a: reads b, expected the name of an earlier layer', [conv('a', { inputs: ['b'] }), conv('b')]],
    ['net: a: second layer of this name, expected a name of its own', [conv('a'), conv('a')]],
    ['net: input: second layer of this name, expected a name of its own', [conv('input')]],
    [
      'net: sum: adds 9 × 9 × 8 and 9 × 9 × 4, expected two maps of one shape',
      [conv('a'), pointwise('b', 'a', 4), { kind: 'add', name: 'sum', inputs: ['a', 'b'] }],
    ],
    [
      'net: s: scales 9 × 9 × 8 by 9 × 9 × 8, expected 1 × 1 × 8, 9 × 9 × 1, 1 × 1 × 1',
      [conv('a'), { kind: 'scale', name: 's', inputs: ['a', 'a'] }],
    ],
    ['net: sum: 1 inputs, expected 2', [conv('a'), { kind: 'add', name: 'sum', inputs: ['a'] }]],
    [
      'net: d: reads a 9 × 9 × 8 map, expected a 1 × 1 map',
      [conv('a'), { kind: 'dense', name: 'd', inputs: ['a'], outChannels: 5, ...plain }],
    ],
    ['net: a: output channels: 1e+300, expected a whole number from 1 to 1000000', [conv('a', { outChannels: 1e300 })]],
    ['net: a: stride: 0, expected a whole number from 1 to 1024', [conv('a', { stride: 0 })]],
    ['net: a: kernel size: -3, expected a whole number from 1 to 1024', [conv('a', { kernelSize: -3 })]],
    ['net: a: padding -1, expected a whole number from 0 to 1024', [conv('a', { padding: { ...pads, left: -1 } })]],
    [
      'net: c: 3 groups of 3 input and 8 output channels, expected a number that divides both',
      [conv('c', { groups: 3 })],
    ],
    ['net: s: takes channels 2 to 4, expected some of its 3', [{ ...slice, from: 2, to: 4 }]],
    ['net: s: takes channels 1 to 1, expected some of its 3', [{ ...slice, from: 1, to: 1 }]],
    [
      'net: j: joins 9 × 9 × 3 and 5 × 5 × 8, expected maps of one height and width',
      [conv('a', { stride: 2 }), { kind: 'concat', name: 'j', inputs: [NETWORK_INPUT, 'a'] }],
    ],
    ['net: j: 0 inputs, expected 1 to 1024', [{ kind: 'concat', name: 'j', inputs: [] }]],
    [
      'net: c: leaves nothing of a 9 × 9 × 3 map, expected at least one pixel',
      [{ kind: 'crop', name: 'c', inputs: [NETWORK_INPUT], pads: { ...pads, top: 5, bottom: 4 } }],
    ],
    [
      'net: p: pads with Infinity, expected a number',
      [{ kind: 'pad', name: 'p', inputs: [NETWORK_INPUT], pads, value: Number.POSITIVE_INFINITY }],
    ],
    ['net: s: reads a 9 × 9 × 3 map, expected a 1 × 1 map', [{ kind: 'softmax', name: 's', inputs: [NETWORK_INPUT] }]],
    ['net: no layers, expected at least one', []],
  ])('%s', (message, layers) => {
    expect(() => resolve(network(...layers), { resolution: 9 })).toThrow(message);
  });
});
