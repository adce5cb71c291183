import type { LayerKind, ResolvedLayer, ResolvedNetwork } from '../../networks/types.js';

/** Layers that multiply their first input by weights. */
const PRODUCTS: ReadonlySet<LayerKind> = new Set(['conv', 'depthwise', 'pointwise', 'dense']);

/** The name of the narrow copy of a wide map, among levels and in plans. */
export function copyOf(map: string): string {
  return `${map} in 8 bits`;
}

/**
 * The network with a layer more for each map that has levels for a narrow copy: products read the copy, whose bytes are
 * multiplied twice as fast, while sums read the map itself and do not accumulate the rounding.
 */
export function withCopies(network: ResolvedNetwork, levels: ReadonlyMap<string, unknown>): ResolvedNetwork {
  const copies = new Map<string, string>();
  for (const { name } of network.layers) if (levels.has(copyOf(name))) copies.set(name, copyOf(name));
  if (copies.size === 0) return network;
  const layers = network.layers.flatMap((layer): ResolvedLayer[] => {
    const [first, ...others] = layer.inputs;
    const read = PRODUCTS.has(layer.kind) ? copies.get(first) : undefined;
    const own = read === undefined ? layer : ({ ...layer, inputs: [read, ...others] } as ResolvedLayer);
    const copy = copies.get(layer.name);
    return copy === undefined ? [own] : [own, copyLayer(layer, copy)];
  });
  return { ...network, layers };
}

/** The maps that products and others read, so that a copy can serve the products alone. */
export function mapsWithOtherReaders({ layers }: ResolvedNetwork): readonly string[] {
  const byProducts = new Set<string>();
  const byOthers = new Set<string>();
  for (const { kind, inputs } of layers) {
    for (const [index, name] of inputs.entries()) {
      (index === 0 && PRODUCTS.has(kind) ? byProducts : byOthers).add(name);
    }
  }
  return layers.map(({ name }) => name).filter((name) => byProducts.has(name) && byOthers.has(name));
}

function copyLayer({ name, outputShape }: ResolvedLayer, copy: string): ResolvedLayer {
  const pads = { top: 0, bottom: 0, left: 0, right: 0 };
  const shapes = { inputs: [name], inputShapes: [outputShape], outputShape, pads } as const;
  return { kind: 'activation', name: copy, activation: 'linear', parameters: [], ...shapes };
}
