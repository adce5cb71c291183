import { buildNetwork } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { DenseLayer, ResolvedLayer, ResolvedNetwork, Shape } from '../networks/types.js';
import { conventions, countAllByRule, type ParameterRule, parametersByRule, switches } from './conventions.js';
import { countLayers } from './count-layer.js';
import { errata, publishedAccuracies, publishedCounts, publishedLatencies } from './published.js';
import type { Erratum, PublishedAccuracy, PublishedCount, PublishedLatency, Reading } from './published-types.js';

/** A printed figure beside the exact one. */
export interface ComparedCount {
  readonly quantity: PublishedCount['quantity'];
  readonly published: string;
  /** The plain count: MACs of convolutions and dense layers, or FLOPs = 2 × MACs; parameters as `counted`. */
  readonly computed: number;
  /** As the source counts, where that is known. */
  readonly counted: number;
  /** `counted` with the digits and in the unit of the source. */
  readonly asPrinted: string;
  readonly agrees: boolean;
  /** What has to be done to the plain count to get there, or why nothing does. */
  readonly why: string | null;
  readonly source: string;
}

export interface Published {
  readonly counts: readonly ComparedCount[];
  readonly accuracies: readonly PublishedAccuracy[];
  readonly latencies: readonly PublishedLatency[];
  readonly errata: readonly Erratum[];
}

interface Variant {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
}

type Build = (variant: Variant) => ResolvedNetwork;

const buildResolved: Build = ({ network, alpha, resolution, classes }) =>
  resolve(buildNetwork(network, { alpha, classes }), { resolution });

/** All rows of one network are about it with one of two or three heads, of which one may be there already. */
function buildOnce(known?: ResolvedNetwork): Build {
  const built = new Map<number, ResolvedNetwork>(known && [[known.classes, known]]);
  return (variant) => {
    const network =
      built.get(variant.classes) ?? (known ? changeClasses(known, variant.classes) : buildResolved(variant));
    built.set(variant.classes, network);
    return network;
  };
}

/** The same network with another length of its classifier, the last dense layer; all other layers are the very same. */
export function changeClasses(network: ResolvedNetwork, classes: number): ResolvedNetwork {
  const head = network.layers.findLastIndex(({ kind }) => kind === 'dense');
  const widen = (shape: Shape): Shape => ({ ...shape, channels: classes });
  const layers = network.layers.map((layer, index): ResolvedLayer => {
    if (index < head) return layer;
    const outputShape = widen(layer.outputShape);
    const [input, ...others] = layer.inputShapes;
    if (index > head) return { ...layer, outputShape, inputShapes: [widen(input), ...others.map(widen)] };
    const parameters = layer.parameters.map(({ name, shape }) => ({ name, shape: [...shape.slice(0, -1), classes] }));
    return { ...(layer as DenseLayer & ResolvedLayer), outChannels: classes, outputShape, parameters };
  });
  return { ...network, classes, layers };
}

const UNITS = { '': 1, M: 1e6, G: 1e9 } as const;

/**
 * Everything that was published on one network at one α and resolution; figures of 1000 classes unless its own.
 * @param known the network itself, if it is as `buildNetwork` and `resolve` give it
 */
export function findPublished(
  { id, alpha, resolution, classes }: Omit<Variant, 'network'> & { id: string },
  known?: ResolvedNetwork,
): Published {
  const same = (network: string, itsAlpha = alpha, itsResolution = resolution) =>
    network === id && itsAlpha === alpha && itsResolution === resolution;
  const build = buildOnce(known);
  // With another head it is another network, but for the rows that are about it.
  const isImagenet = classes === 1000 || classes === 1001;
  return {
    counts: publishedCounts(same)
      .filter((row) => (row.classes === undefined ? isImagenet : row.classes === classes))
      .map((row) => compareCount(row, resolution, build)),
    accuracies: isImagenet ? publishedAccuracies(same) : [],
    latencies: isImagenet ? publishedLatencies(same) : [],
    errata: errata.filter((row) => same(row.network, row.alpha, row.resolution)),
  };
}

let everyAccuracy: readonly PublishedAccuracy[] | undefined;

/** The top-1 that tables and plots show: of the first source that has one, float weights. */
export function findAccuracy(network: string, alpha: number, resolution: number): PublishedAccuracy | undefined {
  everyAccuracy ??= publishedAccuracies();
  return everyAccuracy.find(
    (row) => row.network === network && row.alpha === alpha && row.resolution === resolution && row.dtype === 'f32',
  );
}

/** Counts the network as the source does. `resolution` stands in for rows that hold at any. */
export function compareCount(
  row: PublishedCount,
  resolution = row.resolution ?? 224,
  build: Build = buildResolved,
): ComparedCount {
  const { network, alpha, quantity, printed, unit, source, reading = {}, note } = row;
  const classes = reading.classes ?? row.classes ?? 1000;
  const resolved = build({ network, alpha, resolution: row.resolution ?? resolution, classes });
  const counted = quantity === 'parameters' ? readParameters(resolved, reading) : readOperations(resolved, reading);
  const plain = quantity === 'parameters' ? counted : countLayers(resolved.layers).macs;
  const asPrinted = format(counted / UNITS[unit], printed, reading.cut ?? false);
  return {
    quantity,
    published: unit === '' ? printed : `${printed} ${unit}`,
    computed: quantity === 'FLOPs' ? 2 * plain : plain,
    counted,
    asPrinted: unit === '' ? asPrinted : `${asPrinted} ${unit}`,
    agrees: row.reading !== undefined && asPrinted === printed,
    why: note ?? explain(reading, quantity),
    source,
  };
}

function readOperations({ layers }: ResolvedNetwork, reading: Reading): number {
  const { rule } = conventions[reading.convention ?? 'paper'];
  const counted = reading.withPool ? { ...rule, ...switches.pool } : rule;
  const left = reading.without ? layers.filter((layer) => !isLeftOut(layer.kind, reading.without)) : layers;
  return countAllByRule(left, counted);
}

function isLeftOut(kind: string, without: Reading['without']): boolean {
  if (without === 'classifier') return kind === 'dense';
  if (without === 'pool') return kind === 'globalAveragePool';
  // The networks in question have one standard convolution, the first.
  return without === 'firstConv' && kind === 'conv';
}

function readParameters({ layers }: ResolvedNetwork, { params = 'weights' }: Reading): number {
  return parametersByRule(countLayers(layers).params, params);
}

/** With as many decimals as `printed` has. */
function format(value: number, printed: string, cut: boolean): string {
  const decimals = printed.split('.')[1]?.length ?? 0;
  return (cut ? Math.floor(value * 10 ** decimals) / 10 ** decimals : value).toFixed(decimals);
}

const ruleNames: Readonly<Record<ParameterRule, string>> = {
  weights: 'weights alone',
  folded: 'batch norm folded',
  trainable: 'trainable',
  total: 'with running statistics',
  weightsAndBias: 'weights and biases',
  slimV1: 'weights, biases and three batch-norm vectors',
};

function explain(reading: Reading, quantity: PublishedCount['quantity']): string | null {
  const parts: string[] = [];
  if (quantity === 'parameters') parts.push(ruleNames[reading.params ?? 'weights']);
  if (reading.convention) parts.push(`counted as --convention ${reading.convention}`);
  if (reading.without === 'classifier') parts.push('without the classifier');
  if (reading.without === 'firstConv') parts.push('without the first convolution');
  if (reading.without === 'pool') parts.push('without the pool');
  if (reading.withPool) parts.push('with the additions of the pool');
  if (reading.classes !== undefined) parts.push(`${reading.classes} classes`);
  if (reading.cut) parts.push('truncated, not rounded');
  return parts.length > 0 ? parts.join(', ') : null;
}
