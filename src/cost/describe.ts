import { elementAt } from '../errors/element-at.js';
import type { Pads, ResolvedNetwork } from '../networks/types.js';
import { findPublished, type Published } from './compare-published.js';
import type { ConventionId, ParameterRule } from './conventions.js';
import { type Cost, cost, type LayerCost, standardNetwork } from './cost.js';
import { type Counting, type CountingOptions, chooseCounting, countNetwork, countOf } from './counting.js';
import { type Group, type Grouping, groupLayers } from './groups.js';
import { layerFacts, peakOf, type ReceptiveField } from './layer-facts.js';

/** A layer's cost with all that follows from its place in the network. */
export interface LayerRecord extends LayerCost {
  readonly kernelSize: number | null;
  readonly stride: number | null;
  readonly pads: Pads | null;
  /** As the convention counts. */
  readonly count: number;
  /** Share of the network's MACs and parameters, 0…1. */
  readonly macsShare: number;
  readonly paramsShare: number;
  /** Bytes of activations alive while it runs (f32, nothing fused). */
  readonly live: number;
  /** MACs for each byte of weights, input and output (f32). */
  readonly intensity: number | null;
  readonly receptiveField: ReceptiveField | null;
  /** Milliseconds of the step that ends in this layer; null where the layer is part of another's step. */
  readonly ms?: number | null;
  readonly gmacsPerSecond?: number | null;
}

export interface CountedRecord {
  readonly convention: ConventionId;
  readonly unit: 'MACs' | 'FLOPs';
  readonly definition: string;
  readonly count: number;
  /** Of the standard-convolution twin, counted alike. */
  readonly standard: number;
  readonly paramsRule: ParameterRule;
  readonly params: number;
  readonly plain: boolean;
}

export interface Measurement {
  /** Median, one picture, one thread. */
  readonly ms: number;
  readonly gmacsPerSecond: number;
  /** GMAC/s that one thread reaches by multiplying and adding alone. */
  readonly ceiling: number;
  /** GB/s of copying memory, read and write together. */
  readonly bandwidth: number;
  readonly runtime: string;
  readonly weights: string;
}

/** The order of the fields is that of the JSON output, `Cost`'s first. */
export interface CostRecord extends Cost {
  readonly layers: readonly LayerRecord[];
  readonly counted: CountedRecord;
  readonly peak: { readonly layer: string; readonly bytes: number };
  readonly figures: Published;
  readonly groups?: readonly Group[];
  readonly measured?: Measurement;
}

export interface DescribeOptions extends CountingOptions {
  readonly by?: Grouping;
  /** The network is as `buildNetwork` and `resolve` give it, so that it need not be built again for published figures. */
  readonly isUnchanged?: boolean;
}

/** Everything that is known of what a network costs without running it. */
export function describeCost(network: ResolvedNetwork, options: DescribeOptions = {}): CostRecord {
  const counting = chooseCounting(options, network.id);
  const standard = standardNetwork(network);
  const plain = cost(network, counting.flopsPerMac, standard);
  const counted = countNetwork(network, counting);
  let layers: readonly LayerRecord[] | undefined;
  return {
    ...plain,
    // Made when they are asked for: most pages have no row for each layer.
    get layers() {
      layers ??= describeLayers(network, plain, counting);
      return layers;
    },
    counted: {
      convention: counting.convention,
      unit: counting.unit,
      definition: counting.definition,
      count: counted.count,
      standard: countNetwork(standard, counting).count,
      paramsRule: counting.params,
      params: counted.params,
      plain: counting.plain,
    },
    peak: peakOf(network),
    figures: findPublished(network, options.isUnchanged ? network : undefined),
    ...(options.by && { groups: groupLayers(network.layers, options.by, counting.rule) }),
  };
}

function describeLayers(network: ResolvedNetwork, plain: Cost, counting: Counting): readonly LayerRecord[] {
  const facts = layerFacts(network);
  return plain.layers.map((layer, index) => {
    // Field by field: spreading leaves V8 several times as much garbage.
    const { name, kind, input, output, macs, params } = layer;
    const { kernelSize, stride, pads, live, intensity, receptiveField } = elementAt(facts, index);
    return {
      name,
      kind,
      input,
      output,
      macs,
      params,
      kernelSize,
      stride,
      pads,
      count: countOf(elementAt(network.layers, index), counting),
      macsShare: share(macs, plain.macs),
      paramsShare: share(params, plain.params.total),
      live,
      intensity,
      receptiveField,
    };
  });
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
