import { describe, expect, it } from 'vitest';
import { mapTfhubEfficientnet } from '../../src/weights/families/efficientnet-tfhub.js';
import { reshape, transpose } from '../../src/weights/families/layouts.js';
import { readTfjs, type TfjsModel } from '../../src/weights/formats/tfjs/model-folder.js';
import type { Tensor } from '../../src/weights/types.js';
import { sharedPath } from '../shared.js';
import { modelErrorOf } from './golden.js';

const counting = (...shape: number[]): Tensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, (_, i) => i),
});

describe('transpose', () => {
  it('orders axes like numpy', () => {
    // numpy.arange(6).reshape(1, 2, 3).transpose(2, 0, 1)
    const { shape, data } = transpose(counting(1, 2, 3), [2, 0, 1]);
    expect([shape, [...data]]).toEqual([
      [3, 1, 2],
      [0, 3, 1, 4, 2, 5],
    ]);
  });

  it('moves single values to where their indices say', () => {
    const source = counting(4, 3, 2, 5);
    const { shape, data } = transpose(source, [2, 3, 1, 0]);
    expect(shape).toEqual([2, 5, 3, 4]);
    // source[o=3][i=1][y=1][x=4] = ((3·3 + 1)·2 + 1)·5 + 4
    expect(data[((1 * 5 + 4) * 3 + 1) * 4 + 3]).toBe(((3 * 3 + 1) * 2 + 1) * 5 + 4);
  });

  it('keeps half precision', () => {
    const half: Tensor = { shape: [2, 2], data: Uint16Array.of(1, 2, 3, 4) };
    expect(transpose(half, [1, 0])).toEqual({ shape: [2, 2], data: Uint16Array.of(1, 3, 2, 4) });
    expect(reshape(half, [4]).data).toBe(half.data);
  });
});

const graph = (nodes: [string, string, ...string[]][], tensors: Record<string, Tensor>): TfjsModel => ({
  tensors: new Map(Object.entries(tensors)),
  integers: new Map(),
  nodes: nodes.map(([name, op, ...inputs]) => ({ name, op, inputs, attributes: {} })),
  description: undefined,
});

describe('mapTfhubEfficientnet', () => {
  const tensors = {
    'm/tf_op_layer_Mul/y': counting(1),
    w0: counting(3, 3, 3, 8),
    w1: counting(5, 5, 8, 1),
    'Func/_12': counting(1, 1, 8, 2),
    w3: counting(8, 4),
    b2: counting(2),
    b4: counting(4),
    b8: counting(8),
  };
  const nodes: [string, string, ...string[]][] = [
    ['m/stem_bn/FusedBatchNormV3', '_FusedConv2D', 'x', 'w0', 'b8'],
    ['m/stack_4/block_2/depthwise_conv2d/depthwise', 'FusedDepthwiseConv2dNative', 'x', 'w1', 'b8'],
    ['m/stack_4/block_2/se_reduce_conv2d/BiasAdd', '_FusedConv2D', 'x', 'Func/_12', 'b2'],
    ['m/stack_4/block_2/se_squeeze/Mean', 'Mean', 'x'],
    ['m/logits/BiasAdd', '_FusedMatMul', 'x', 'w3', 'b4'],
  ];

  it('finds each layer by the operation that reads its weights', () => {
    const weights = mapTfhubEfficientnet(graph(nodes, tensors), 'file');
    expect([...weights].map(([name, layer]) => [name, layer.weights.shape, layer.bias?.shape])).toEqual([
      ['stem_conv', [3, 3, 3, 8], [8]],
      ['block5c_dwconv', [5, 5, 8], [8]],
      ['block5c_se_reduce', [8, 2], [2]],
      ['predictions', [8, 4], [4]],
    ]);
  });

  it.each<[string, TfjsModel, RegExp]>([
    [
      'an operation without a place',
      graph([...nodes, ['m/other', '_FusedConv2D', 'x', 'w0', 'b8']], tensors),
      /"m\/other"/,
    ],
    ['a layer twice', graph([...nodes, nodes[0]!], tensors), /operation "m\/stem_bn/],
    ['no bias', graph([['m/stem_bn/x', '_FusedConv2D', 'x', 'w0']], tensors), /operation/],
    ['no constant', graph([['m/stem_bn/x', '_FusedConv2D', 'x', 'w0', 'none']], tensors), /no constant "none"/],
    ['a constant that nothing reads', graph(nodes, { ...tensors, more: counting(1) }), /unused constant "more"/],
    ['another rank', graph([['m/stem_bn/x', '_FusedConv2D', 'x', 'b2', 'b8']], tensors), /shape \[2\]/],
  ])('refuses %s', (_, model, message) => {
    const error = modelErrorOf(() => mapTfhubEfficientnet(model, 'file'));
    expect(error?.code).toBe('weights-mismatch');
    expect(error?.message).toMatch(message);
  });
});

const nsfw = sharedPath('weights/tfjs_nsfw_mobilenet_v2');
const partial = sharedPath('weights/tfjs_mobilenet_v1_1.0_224_partial');
const xception = sharedPath('weights/tfjs_xception_partial');
const backbone = sharedPath('weights/tfjs_graph_mobilenet_v1_0.25_224_backbone');

function countAll({ tensors }: TfjsModel): number {
  return [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
}

describe.skipIf(!nsfw || !backbone)('TensorFlow.js models of ../shared/reference/weights', () => {
  it('reads a quantised layers-model whole', () => {
    const model = readTfjs(nsfw!);
    expect([countAll(model), model.nodes.length]).toEqual([2619461, 0]);
  });

  it('reads a graph-model with its nodes', () => {
    const model = readTfjs(backbone!);
    expect(model.nodes.length).toBeGreaterThan(50);
    expect(countAll(model)).toBeGreaterThan(200_000);
  });

  it.each([
    [partial, 'group37-shard1of1'],
    [xception, 'group1-shard1of22.bin'],
  ])('names the missing shard of %s', (folder, shard) => {
    const error = modelErrorOf(() => readTfjs(folder!));
    expect(error?.code).toBe('weights-missing');
    expect(error?.message).toContain(`its file "${shard}" is missing`);
  });
});
