import { describe, expect, it } from 'vitest';
import { identify } from '../../src/networks/identify.js';
import { buildNetwork, networkIds, networks } from '../../src/networks/index.js';
import type { Layer, Network } from '../../src/networks/types.js';

/** As an importer gives it: no id, other names, explicit padding, folded batch norms, no softmax. */
function disguise(network: Network): Network {
  const name = (original: string) => (original === 'input' ? 'input' : `tensor/${original}`);
  const layers = network.layers
    .filter(({ kind }) => kind !== 'softmax')
    .map((layer): Layer => {
      const renamed = { ...layer, name: name(layer.name), inputs: layer.inputs.map(name), range: [0, 1] as const };
      if ('batchNorm' in renamed) Object.assign(renamed, { batchNorm: false, bias: true, activation: 'linear' });
      if ('padding' in renamed) Object.assign(renamed, { padding: { top: 0, bottom: 1, left: 0, right: 1 } });
      // TFLite writes classifiers as 1×1 convolutions.
      return layer.kind === 'dense' ? { ...(renamed as typeof layer), kind: 'pointwise' as const, stride: 1 } : renamed;
    });
  return { ...network, id: 'graph', alpha: 1, layers };
}

describe('identify', () => {
  const published = networkIds.flatMap((id) =>
    networks[id].published.flatMap(({ alphas }) => alphas.map((alpha) => [id, alpha] as const)),
  );
  it.each(published)('finds %s α %d', (id, alpha) => {
    for (const classes of [5, 1001]) {
      expect(identify(disguise(buildNetwork(id, { alpha, classes })))).toEqual({ id, alpha });
    }
  });

  it.each(networkIds)('finds %s at unpublished α', (id) => {
    for (const alpha of [0.2, 0.6, 1.2, 2]) {
      const network = buildNetwork(id, { alpha });
      const found = identify(disguise(network))!;
      expect(found.id).toBe(id);
      // Rounding can make neighbouring α the same network.
      expect(buildNetwork(id, { alpha: found.alpha }).layers).toEqual(network.layers);
    }
  });

  it('does not mind in which order a file lists branches', () => {
    const network = disguise(buildNetwork('xception'));
    const skip = (name: string) => Number(name.endsWith('_skip'));
    const layers: Layer[] = [];
    let waiting: Layer | undefined;
    for (const layer of network.layers) {
      if (skip(layer.name)) waiting = layer;
      else {
        if (waiting && layer.kind === 'add') layers.push(waiting);
        if (layer.kind === 'add') waiting = undefined;
        layers.push(layer);
      }
    }
    expect(layers).toHaveLength(network.layers.length);
    expect(layers).not.toEqual(network.layers);
    expect(identify({ ...network, layers })).toEqual({ id: 'xception', alpha: 1 });
  });

  it('finds nothing in other graphs', () => {
    const network = buildNetwork('mobilenet_v2');
    const change = (edit: (layers: readonly Layer[]) => readonly Layer[]) =>
      identify({ ...network, layers: edit(network.layers) });
    expect(change((layers) => layers)).toEqual({ id: 'mobilenet_v2', alpha: 1 });
    expect(change(() => [])).toBeUndefined();
    // Without its classifier, without a residual link, with another window, stride or width.
    expect(change((layers) => layers.slice(0, -3))).toBeUndefined();
    expect(change((layers) => layers.filter(({ name }) => name !== 'block_2_add'))).toBeUndefined();
    const replace = (name: string, fields: object) =>
      change((layers) => layers.map((layer) => (layer.name === name ? ({ ...layer, ...fields } as Layer) : layer)));
    expect(replace('block_3_depthwise', { kernelSize: 5 })).toBeUndefined();
    expect(replace('block_3_depthwise', { stride: 1 })).toBeUndefined();
    expect(replace('block_3_project', { outChannels: 40 })).toBeUndefined();
  });
});
