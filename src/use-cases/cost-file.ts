import { basename, dirname, parse } from 'node:path';
import { countLayers } from '../cost/count-layer.js';
import { type CostRecord, type DescribeOptions, describeCost } from '../cost/describe.js';
import type { GraphCost } from '../cost/graphs/tally.js';
import { type FileSummary, type SummaryOptions, summariseNetwork } from '../cost/summary.js';
import { formatError, ModelError, UsageError } from '../errors/errors.js';
import { readCheckpoint } from '../models/checkpoint.js';
import { chooseModel } from '../models/choose.js';
import { identify } from '../networks/identify.js';
import { isNetworkId, networks } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { Network, PaddingConvention } from '../networks/types.js';
import type { NetworkFacts } from '../report/cost-text.js';
import { findInstalled } from '../store/installed.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import { openWeights } from '../weights/formats/open.js';
import { SNIFFED_BYTES } from '../weights/formats/other-files.js';
import { sniff } from '../weights/formats/sniff.js';
import type { ImportedModel } from '../weights/graph/imported-model.js';

export interface CostFileOptions extends DescribeOptions {
  /** Where the file leaves the side of its input open. */
  readonly resolution?: number;
}

/** Layers that this project has, or operators counted from the graph alone. */
export type FileCost =
  | { readonly kind: 'network'; readonly record: CostRecord; readonly facts: NetworkFacts }
  | { readonly kind: 'graph'; readonly record: GraphCost };

/**
 * A file's network in one row, as `cost compare` has it; `alpha` and `resolution` are null where it is none of this
 * project's networks or takes no square picture.
 * @throws as `costFile`
 */
export async function summariseFile(path: string, options: SummaryOptions = {}): Promise<FileSummary> {
  const { classes: _, ...counting } = options;
  const found = await findCountable(path, {
    ...counting,
    ...(!counting.convention && { params: counting.params ?? 'trainable' }),
  });
  if (found.kind === 'network') {
    const { network, resolution, padding } = found.found;
    const summary = summariseNetwork(resolve(network, { resolution, padding }), options);
    return { ...summary, alpha: isNetworkId(network.id) ? summary.alpha : null, file: path, notCounted: [] };
  }
  const { macs, flops, params, counted, notCounted, input } = found.record;
  const [height, width] = input.length === 4 ? sidesOf(found.record) : [];
  return {
    ...{
      network: parse(path).name,
      alpha: null,
      resolution: height !== undefined && height === width ? height : null,
    },
    ...{ macs, flops, count: counted.count, params: counted.params },
    memory: { weights: BYTES_PER_F32 * params.folded, activations: null },
    ...{ top1: null, top1Source: null, published: false, file: path, notCounted },
  };
}

const BYTES_PER_F32 = 4;

interface FoundNetwork {
  readonly network: Network;
  readonly resolution: number;
  readonly padding: PaddingConvention;
  readonly title: string;
  /** Of a file's own graph, which is none of this project's networks. */
  readonly isOfGraph: boolean;
}

/**
 * What the network in a file costs. A graph with operators that this project has no layers for is counted from its
 * tensors' shapes, and what is not counted is listed.
 * @throws ModelError where the file is damaged, of an unknown format, or holds neither a graph nor a known checkpoint
 */
export async function costFile(path: string, options: CostFileOptions = {}): Promise<FileCost> {
  const found = await findCountable(path, options);
  if (found.kind === 'graph') return found;
  const { network, resolution, padding, title } = found.found;
  const record = describeCost(resolve(network, { resolution, padding }), options);
  return { kind: 'network', record, facts: factsOf(basename(path), network.id, title) };
}

/**
 * What an installed model costs, at its resolution or another.
 * @throws ModelError where it is damaged; undefined where none has this name
 */
export async function costInstalled(
  name: string,
  { resolution, ...options }: CostFileOptions,
): Promise<(FileCost & { readonly kind: 'network' }) | undefined> {
  if (!findInstalled({ model: name })) return undefined;
  const { network, title } = await chooseModel({ model: name, ...(resolution !== undefined && { resolution }) });
  return { kind: 'network', record: describeCost(network, options), facts: factsOf(name, network.id, title) };
}

function factsOf(name: string, id: string, title: string): NetworkFacts {
  const known = isNetworkId(id) ? networks[id] : undefined;
  return {
    title: known ? `${name}: ${known.title}` : name,
    paper: known ? `${known.paper} (${title})` : `not a network from a known paper (${title})`,
    published: known?.published ?? [],
    hasAlpha: known?.hasAlpha ?? true,
  };
}

type Countable =
  | { readonly kind: 'network'; readonly found: FoundNetwork }
  | { readonly kind: 'graph'; readonly record: GraphCost };

async function findCountable(path: string, options: CostFileOptions): Promise<Countable> {
  try {
    const found = await findNetworkIn(path, options);
    const record = found.isOfGraph ? await countForeign(path, OTHER_LAYERS, options) : undefined;
    // What an import adds (a scale by itself) or stores twice is none of the file's.
    const isSame = record === undefined || hasCosts(found, record);
    return isSame ? { kind: 'network', found } : { kind: 'graph', record };
  } catch (error) {
    const record = isForeign(error) ? await countForeign(path, error, options) : undefined;
    if (!record) throw error;
    return { kind: 'graph', record };
  }
}

const OTHER_LAYERS = new ModelError('weights-unknown', {
  problem: 'layers that share weights, or scale maps by themselves',
});

function hasCosts({ network, resolution, padding }: FoundNetwork, record: GraphCost): boolean {
  const { macs, params } = countLayers(resolve(network, { resolution, padding }).layers);
  return macs === record.macs && params.weights === record.params.weights;
}

/** The graph of a file that has one; otherwise the network that its tensors' names tell. */
async function findNetworkIn(path: string, { resolution }: CostFileOptions): Promise<FoundNetwork> {
  const opened = await openWeights(path, { resolution });
  if (opened.kind === 'graph') {
    return fromGraph(opened.imported, path, resolution, 'the graph of the file, batch norms folded');
  }
  if (opened.readGraph) {
    const title = 'the graph beside its weights, batch norms folded';
    return fromGraph(await opened.readGraph(), path, resolution, title);
  }
  const checkpoint = readCheckpoint(opened, resolution === undefined ? {} : { resolution });
  const { network, padding, title } = checkpoint;
  return { network, padding, title, resolution: checkpoint.resolution, isOfGraph: false };
}

function fromGraph(imported: ImportedModel, path: string, resolution: number | undefined, title: string): FoundNetwork {
  const { height, width } = imported.inputResolution;
  if (height !== width) {
    throw new ModelError('operator-unsupported', {
      where: path,
      problem: `takes inputs of ${width}×${height}`,
      expected: 'a square input',
    });
  }
  if (resolution !== undefined && resolution !== height) {
    throw new UsageError({
      where: `--res ${resolution}`,
      problem: `${path} takes ${height} pixels`,
      remedy: 'leave --res out, or give that value',
    });
  }
  const network = { ...imported.network, ...(identify(imported.network) ?? { id: 'graph', alpha: 1 }) };
  const isOfGraph = imported.format === 'onnx' && !isNetworkId(network.id);
  return { network, resolution: height, padding: imported.padding, title, isOfGraph };
}

/** What this project's layers cannot say, in a file that is whole. */
function isForeign(error: unknown): error is ModelError {
  return error instanceof ModelError && /^(operator-unsupported|weights-dtype)$/.test(error.code);
}

/** Undefined for a format whose graphs are not counted by themselves. */
async function countForeign(path: string, error: ModelError, options: CostFileOptions): Promise<GraphCost | undefined> {
  const counted = await countGraph(path, error, options);
  const { resolution } = options;
  const sides = counted?.input.length === 4 ? sidesOf(counted) : [];
  if (resolution !== undefined && sides.some((side) => side !== resolution)) {
    throw new UsageError({
      where: `--res ${resolution}`,
      problem: `${path} takes ${sides.join('×')} pixels`,
      remedy: 'leave --res out, or give that value',
    });
  }
  return counted;
}

/** Height and width of a graph's input. ONNX files made from TensorFlow models have the channels last, too. */
function sidesOf({ input, format }: GraphCost): readonly number[] {
  const [, second = 0, , last = 0] = input;
  const isChannelsFirst = format === 'onnx' && !(last <= MOST_CHANNELS && second > MOST_CHANNELS);
  return isChannelsFirst ? input.slice(2) : input.slice(1, 3);
}

/** Of a picture. */
const MOST_CHANNELS = 4;

async function countGraph(path: string, error: ModelError, options: CostFileOptions): Promise<GraphCost | undefined> {
  if (dirname(path) === path) return undefined;
  const bytes = readModelFile(path);
  const reason = formatError({
    ...error.details,
    where: error.details.where === path ? undefined : error.details.where,
  });
  switch (sniff(bytes.subarray(0, SNIFFED_BYTES))) {
    case 'tflite':
      return (await import('../cost/graphs/count-tflite.js')).countTflite(bytes, path, reason, options);
    case 'onnx':
      return (await import('../cost/graphs/count-onnx.js')).countOnnx(bytes, path, reason, options);
    default:
      return undefined;
  }
}
