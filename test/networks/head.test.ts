import { describe, expect, it } from 'vitest';
import { headOf } from '../../src/networks/head.js';
import { buildNetwork, type NetworkId } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { Layer, Network } from '../../src/networks/types.js';

function resolved(layers: readonly unknown[]) {
  const network = {
    id: 'n',
    alpha: 1,
    classes: 4,
    inputChannels: 3,
    layers: layers as readonly Layer[],
  } satisfies Network;
  return resolve(network, { resolution: 8 });
}
const linear = { activation: 'linear', batchNorm: false, bias: true } as const;
const pool = { kind: 'globalAveragePool', name: 'pool', inputs: ['input'] };
const dense = (name: string, input: string) => ({ kind: 'dense', name, inputs: [input], outChannels: 4, ...linear });

describe('headOf', () => {
  it.each([
    ['mobilenet_v1', 1024],
    ['mobilenet_v2', 1280],
    ['xception', 2048],
    ['efficientnet_b0', 1280],
  ] as const)('finds the features of %s, %i numbers, and the map that they are the means of', (id, channels) => {
    const network = resolve(buildNetwork(id as NetworkId), { resolution: 224 });
    const head = headOf(network)!;
    const shapeOf = (name: string) => network.layers.find((layer) => layer.name === name)!.outputShape;
    expect(head.classifier.outputShape).toEqual({ height: 1, width: 1, channels: 1000 });
    expect(shapeOf(head.features)).toEqual({ height: 1, width: 1, channels });
    expect(shapeOf(head.map!)).toEqual({ height: 7, width: 7, channels });
  });

  it('has no map where another layer stands between the pooling and the classifier', () => {
    const network = resolved([
      {
        kind: 'conv',
        name: 'c',
        inputs: ['input'],
        kernelSize: 3,
        stride: 1,
        padding: 'same',
        outChannels: 4,
        ...linear,
      },
      { ...pool, inputs: ['c'] },
      dense('hidden', 'pool'),
      dense('last', 'hidden'),
      { kind: 'softmax', name: 's', inputs: ['last'] },
    ]);
    expect(headOf(network)).toMatchObject({ features: 'hidden', map: undefined });
  });

  it('looks through a flatten of one pixel, and knows no map where the picture itself is averaged', () => {
    const network = resolved([
      pool,
      { kind: 'flatten', name: 'f', inputs: ['pool'], order: 'HWC' },
      dense('last', 'f'),
    ]);
    expect(headOf(network)).toMatchObject({ features: 'pool', map: undefined });
  });

  it('finds nothing where the network ends in a pooling', () => {
    expect(headOf(resolved([pool]))).toBeUndefined();
  });
});
