import { elementAt } from '../errors/element-at.js';
import { isPublished } from '../networks/index.js';
import { largestLiveSet } from '../networks/lifetimes.js';
import { resolve } from '../networks/resolve.js';
import type { LayerKind, ResolvedLayer, ResolvedNetwork, Shape } from '../networks/types.js';
import { countLayers, type LayerCount, type ParameterCounts } from './count-layer.js';
import { standardTwin } from './standard-twin.js';

const BYTES_PER_F32 = 4;
const FLOPS_PER_MAC = 2 as const;

export interface LayerCost {
  readonly name: string;
  readonly kind: LayerKind;
  /** Height, width, channels of the first input. */
  readonly input: readonly [number, number, number];
  readonly output: readonly [number, number, number];
  readonly macs: number;
  /** With the batch norm's four vectors: the rows add up to `params.total`. */
  readonly params: number;
}

/** All layers of one kind together. */
export interface KindCost {
  readonly kind: LayerKind;
  readonly macs: number;
  /**
   * Weights alone, as in arXiv:1704.04861, table 2 (which prints 1.19 % of the MACs for the first convolution:
   * its digits are swapped, the share is 1.91 %).
   */
  readonly weights: number;
}

/** The network with standard instead of depthwise separable convolutions. */
export interface StandardCost {
  readonly macs: number;
  readonly flops: number;
  readonly params: ParameterCounts;
  /** Its MACs over those of the network. */
  readonly macsRatio: number;
  /** Its trainable parameters over those of the network. */
  readonly paramsRatio: number;
}

/** What a network costs for one image: exact integers, but for the two ratios. */
// The order of the fields is that of the JSON output.
export interface Cost {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  /** Multiply-accumulates of convolutions and dense layers, without bias. */
  readonly macs: number;
  /** 2 × MACs. */
  readonly flops: number;
  readonly params: ParameterCounts;
  /** Bytes: the folded weights as f32; the largest live set of activations as f32, nothing fused. */
  readonly memory: { readonly weights: number; readonly activations: number };
  readonly layers: readonly LayerCost[];
  readonly classes: number;
  readonly kinds: readonly KindCost[];
  readonly standard: StandardCost;
  /** Whether the network's authors published this (α, resolution). */
  readonly published: boolean;
}

/** The sums alone, without the table. */
export function costTotals(
  network: ResolvedNetwork,
  flopsPerMac: 1 | 2 = FLOPS_PER_MAC,
): Pick<Cost, 'macs' | 'flops' | 'params'> {
  const { macs, params } = countLayers(network.layers);
  return { macs, flops: flopsPerMac * macs, params };
}

/** Bytes, as in `Cost`. */
export function memoryOf({ layers }: ResolvedNetwork, { folded }: ParameterCounts): Cost['memory'] {
  return { weights: BYTES_PER_F32 * folded, activations: BYTES_PER_F32 * largestLiveSet(layers) };
}

/** What a network costs at its resolution, for one picture. FLOPs = 2 × MACs unless `flopsPerMac` says otherwise. */
export function cost(
  network: ResolvedNetwork,
  flopsPerMac: 1 | 2 = FLOPS_PER_MAC,
  twin: ResolvedNetwork = standardNetwork(network),
): Cost {
  const { id, alpha, resolution, classes, layers } = network;
  const counts = countLayers(layers).each;
  const { macs, flops, params } = costTotals(network, flopsPerMac);
  return {
    network: id,
    alpha,
    resolution,
    macs,
    flops,
    params,
    memory: memoryOf(network, params),
    layers: layers.map((layer, index) => {
      const count = elementAt(counts, index);
      return {
        name: layer.name,
        kind: layer.kind,
        input: extents(layer.inputShapes[0]),
        output: extents(layer.outputShape),
        macs: count.macs,
        params: count.params.total,
      };
    }),
    classes,
    kinds: groupByKind(layers, counts),
    standard: costStandard(twin, macs, params, flopsPerMac),
    published: isPublished(id, alpha, resolution),
  };
}

/** The same network with standard convolutions, resolved alike. */
export function standardNetwork(network: ResolvedNetwork): ResolvedNetwork {
  const { id, alpha, classes, layers, inputShape, resolution, padding } = network;
  const twin = standardTwin({ id, alpha, classes, inputChannels: inputShape.channels, layers });
  return resolve(twin, { resolution, padding });
}

function costStandard(
  twin: ResolvedNetwork,
  ownMacs: number,
  ownParams: ParameterCounts,
  flopsPerMac: number,
): StandardCost {
  const { macs, params } = countLayers(twin.layers);
  return {
    macs,
    flops: flopsPerMac * macs,
    params,
    macsRatio: macs / ownMacs,
    paramsRatio: params.trainable / ownParams.trainable,
  };
}

/** Kinds with weights, the most MACs first. */
function groupByKind(layers: readonly ResolvedLayer[], counts: readonly LayerCount[]): readonly KindCost[] {
  const groups = new Map<LayerKind, { macs: number; weights: number }>();
  layers.forEach(({ kind }, index) => {
    const { macs, params } = elementAt(counts, index);
    if (params.weights === 0) return;
    const group = groups.get(kind) ?? { macs: 0, weights: 0 };
    group.macs += macs;
    group.weights += params.weights;
    groups.set(kind, group);
  });
  return [...groups].map(([kind, group]) => ({ kind, ...group })).sort((a, b) => b.macs - a.macs);
}

function extents({ height, width, channels }: Shape): [number, number, number] {
  return [height, width, channels];
}
