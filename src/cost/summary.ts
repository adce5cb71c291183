import { UsageError } from '../errors/errors.js';
import { buildNetwork, findNetwork, isNetworkId, isPublished, networks } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { Network, ResolvedNetwork } from '../networks/types.js';
import { findAccuracy } from './compare-published.js';
import { conventions } from './conventions.js';
import { costTotals, memoryOf } from './cost.js';
import { type CountingOptions, chooseCounting, countNetwork } from './counting.js';
import type { OperatorCount } from './graphs/tally.js';

/** One network at one α and resolution. */
export interface Variant {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
}

/** A network in one row. The order of the fields is that of the JSON output. */
export interface Summary extends Variant {
  readonly macs: number;
  readonly flops: number;
  /** As the convention counts; equal to `macs` without one. */
  readonly count: number;
  /** Trainable, or by the convention's or the user's rule. */
  readonly params: number;
  /** Bytes: folded weights as f32; the largest live set of activations as f32. */
  readonly memory: { readonly weights: number; readonly activations: number };
  /** ImageNet validation in percent, as published for this very (α, resolution); null where nobody did. */
  readonly top1: number | null;
  readonly top1Source: string | null;
  readonly published: boolean;
  /** Whether no other row has at most its MACs and at least its top-1; null without a top-1. Set by `markFront`. */
  readonly front?: boolean | null;
}

/** The network in a file, in one row beside those; `Summary` but for what a file may leave open. */
export interface FileSummary extends Omit<Summary, 'alpha' | 'resolution' | 'memory'> {
  /** Null where the network is none of this project's. */
  readonly alpha: number | null;
  /** Null where the input is no square picture. */
  readonly resolution: number | null;
  /** Activations are null where the graph has operators that this project has no layers for. */
  readonly memory: { readonly weights: number; readonly activations: number | null };
  readonly file: string;
  /** Operators whose cost is not known: none of the figures has them. */
  readonly notCounted: readonly OperatorCount[];
}

export type SummaryRow = Summary | FileSummary;

export interface SummaryOptions extends CountingOptions {
  readonly classes?: number;
}

/** `NETWORK`, `NETWORK:α` or `NETWORK:α:RESOLUTION`. Throws UsageError for anything else. */
export function parseVariant(text: string): Variant {
  const [id = '', alpha, resolution, ...rest] = text.split(':');
  const entry = findNetwork(id);
  const wrong = {
    where: text,
    expected: `NETWORK, NETWORK:ALPHA or NETWORK:ALPHA:RESOLUTION, such as ${id}:0.5:160`,
  };
  if (rest.length > 0) throw new UsageError(wrong);
  if (alpha !== undefined && !/^\d*\.?\d+$/.test(alpha)) throw new UsageError(wrong);
  if (resolution !== undefined && !/^\d+$/.test(resolution)) throw new UsageError(wrong);
  return {
    network: id,
    alpha: alpha === undefined ? 1 : Number(alpha),
    resolution: resolution === undefined ? entry.defaultResolution : Number(resolution),
  };
}

export function summarise(variant: Variant, options: SummaryOptions = {}): Summary {
  const [summary] = summariseAll([variant], options);
  return summary!;
}

/** Each in one row; a network of one α is built once for all resolutions. */
export function summariseAll(variants: readonly Variant[], options: SummaryOptions = {}): readonly Summary[] {
  const classes = options.classes ?? (options.convention && conventions[options.convention].classes) ?? 1000;
  const built = new Map<string, Network>();
  return variants.map(({ network: id, alpha, resolution }) => {
    const key = `${id}:${alpha}`;
    const network = built.get(key) ?? buildNetwork(id, { alpha, classes });
    built.set(key, network);
    return summariseNetwork(resolve(network, { resolution }), options);
  });
}

export function summariseNetwork(network: ResolvedNetwork, options: SummaryOptions = {}): Summary {
  const { id, alpha, resolution, classes } = network;
  const counting = chooseCounting(
    { ...options, ...(!options.convention && { params: options.params ?? 'trainable' }) },
    id,
  );
  const { macs, flops, params: own } = costTotals(network, counting.flopsPerMac);
  const { count, params } = countNetwork(network, counting);
  // Accuracy is ImageNet's; with another head nobody published it.
  const accuracy = classes === 1000 || classes === 1001 ? findAccuracy(id, alpha, resolution) : undefined;
  return {
    network: id,
    alpha,
    resolution,
    macs,
    flops,
    count,
    params,
    memory: memoryOf(network, own),
    top1: accuracy?.top1 ?? null,
    top1Source: accuracy?.source ?? null,
    published: isPublished(id, alpha, resolution),
  };
}

export interface Grid {
  readonly networks?: readonly string[];
  readonly alphas?: readonly number[];
  readonly resolutions?: readonly number[];
}

/** The papers' two grids: v1's 4 × 4 and v2's 6 × 5 (of which the authors published 22). */
const GRID_NETWORKS = ['mobilenet_v1', 'mobilenet_v2'];

/** Every combination; where a list is left out, all α and resolutions that the network's authors used. */
export function listGrid({ networks: ids = GRID_NETWORKS, alphas, resolutions }: Grid): readonly Variant[] {
  return ids.flatMap((network) => {
    findNetwork(network);
    if (!isNetworkId(network)) return [];
    const { published } = networks[network];
    const own = <T>(pick: (set: (typeof published)[number]) => readonly T[]) => [...new Set(published.flatMap(pick))];
    const widths = (alphas ?? own((set) => set.alphas)).toSorted((a, b) => b - a);
    const sides = (resolutions ?? own((set) => set.resolutions)).toSorted((a, b) => b - a);
    return widths.flatMap((alpha) => sides.map((resolution) => ({ network, alpha, resolution })));
  });
}

/** Marks the rows that are worth their MACs. */
export function markFront(rows: readonly Summary[]): readonly Summary[] {
  return rows.map((row) => ({ ...row, front: isOnFront(row, rows) }));
}

function isOnFront({ macs, top1 }: Summary, rows: readonly Summary[]): boolean | null {
  if (top1 === null) return null;
  return !rows.some(
    (other) =>
      other.top1 !== null && other.macs <= macs && other.top1 >= top1 && (other.macs < macs || other.top1 > top1),
  );
}

/** Best published top-1 first, then those without one; among equals the fewest MACs first. */
export function byAccuracy(a: Summary, b: Summary): number {
  return (b.top1 ?? -1) - (a.top1 ?? -1) || a.macs - b.macs;
}
