import { UsageError } from '../errors/errors.js';
import type { ResolvedNetwork } from '../networks/types.js';

/** D_K, M, N, D_F of arXiv:1704.04861, section 3: window, input channels, output channels, side of the output. */
export interface Block {
  readonly dk: number;
  readonly m: number;
  readonly n: number;
  /** The paper's D_F: positions along a side at which the windows are placed. */
  readonly df: number;
}

export interface Term {
  /** As in the paper. */
  readonly formula: string;
  /** With the numbers put in. */
  readonly numbers: string;
  readonly value: number;
}

/** One way of computing the block. */
export interface ExplainedCost {
  readonly name: string;
  readonly block: Block;
  readonly macs: Term;
  readonly weights: Term;
}

export interface Explanation {
  /** What it is about: a layer's name, or null for numbers of the user's own. */
  readonly layer: string | null;
  readonly block: Block;
  readonly standard: ExplainedCost;
  readonly depthwise: ExplainedCost;
  readonly pointwise: ExplainedCost;
  readonly separable: ExplainedCost;
  /** separable ÷ standard = 1/N + 1/D_K². */
  readonly ratio: Term;
  /** Table 3: standard, separable, then with α, then with ρ as well. */
  readonly steps: readonly ExplainedCost[];
  readonly alpha: number;
  /** Of the side of the map, which a resolution of ρ · 224 gives. */
  readonly rho: number;
}

export interface ExplainOptions {
  readonly layer?: string | null;
  /** Width multiplier for the third step. */
  readonly alpha?: number;
  /** The widths that the layer's network has with that α; by default the products are cut to whole numbers. */
  readonly narrow?: Pick<Block, 'm' | 'n'>;
  /** Resolution multiplier for the fourth; the side is rounded to whole pixels. */
  readonly rho?: number;
}

/** Table 3 of the paper takes these two. */
export const PAPER_ALPHA = 0.75;
const PAPER_RHO = 0.714;
const MOST = 1_000_000;

/** Throws UsageError for a size that is not a whole number from 1 to 10⁶ (a window of at most 1024). */
export function explainBlock(block: Block, options: ExplainOptions = {}): Explanation {
  for (const [name, value, most] of [
    ['dk', block.dk, 1024],
    ['m', block.m, MOST],
    ['n', block.n, MOST],
    ['df', block.df, 4096],
  ] as const) {
    if (!(Number.isInteger(value) && value >= 1 && value <= most)) {
      throw new UsageError({ where: `--${name} ${value}`, expected: `a whole number from 1 to ${most}` });
    }
  }
  const { layer = null, alpha = PAPER_ALPHA, rho = PAPER_RHO } = options;
  const standard = standardCost('standard convolution', block);
  const depthwise = depthwiseCost(block);
  const pointwise = pointwiseCost(block);
  const separable = separableCost('depthwise separable', block);
  const scale = (channels: number) => Math.max(1, Math.floor(channels * alpha));
  const narrow = { ...block, ...(options.narrow ?? { m: scale(block.m), n: scale(block.n) }) };
  const small = { ...narrow, df: Math.max(1, Math.round(block.df * rho)) };
  const { n, dk } = block;
  return {
    layer,
    block,
    standard,
    depthwise,
    pointwise,
    separable,
    ratio: {
      formula: '1/N + 1/D_K²',
      numbers: `1/${n} + 1/${dk}²`,
      value: 1 / n + 1 / (dk * dk),
    },
    steps: [
      standard,
      separable,
      separableCost(`width multiplier α = ${alpha}`, narrow),
      separableCost(`resolution multiplier ρ = ${rho}`, small),
    ],
    alpha,
    rho,
  };
}

/**
 * The block that a layer of a network belongs to: a depthwise layer with the pointwise one that reads it, or the other
 * way round. Throws UsageError where the layer does not exist or is no half of a separable convolution.
 */
export function blockOfLayer(network: ResolvedNetwork, name: string): Block {
  const layer = network.layers.find((each) => each.name === name);
  const pairs = network.layers.filter(({ kind }) => kind === 'depthwise').map(({ name: each }) => each);
  const listed = pairs.length > 6 ? `${pairs.slice(0, 5).join(', ')}, … ${pairs.at(-1)}` : pairs.join(', ');
  const expected = pairs.length > 0 ? `one of its separable convolutions (${listed})` : 'a network that has some';
  if (!layer) throw new UsageError({ where: `--layer ${name}`, problem: `not in ${network.id}`, expected });
  const depthwise = layer.kind === 'pointwise' ? network.layers.find((each) => each.name === layer.inputs[0]) : layer;
  const { kernelSize, kernelWidth = kernelSize } = depthwise?.kind === 'depthwise' ? depthwise : {};
  if (depthwise?.kind !== 'depthwise' || (depthwise.multiplier ?? 1) > 1 || kernelSize !== kernelWidth) {
    throw new UsageError({ where: `--layer ${name}`, problem: 'no half of a separable convolution', expected });
  }
  const pointwise =
    layer.kind === 'pointwise'
      ? layer
      : network.layers.find((each) => each.kind === 'pointwise' && leadsTo(network, name, each.inputs[0]));
  if (!pointwise) throw new UsageError({ where: `--layer ${name}`, problem: 'nothing pointwise reads it', expected });
  const { height, width, channels } = depthwise.outputShape;
  if (height !== width)
    throw new UsageError({
      where: `--layer ${name}`,
      problem: `its map is ${height} × ${width}`,
      expected: 'a square',
    });
  return { dk: depthwise.kernelSize, m: channels, n: pointwise.outputShape.channels, df: height };
}

/** Through activations and channel scalings (squeeze-and-excitation). */
function leadsTo(network: ResolvedNetwork, from: string, to: string): boolean {
  if (from === to) return true;
  const layer = network.layers.find(({ name }) => name === to);
  if (layer?.kind !== 'activation' && layer?.kind !== 'scale') return false;
  return leadsTo(network, from, layer.inputs[0]);
}

function standardCost(name: string, block: Block): ExplainedCost {
  const { dk, m, n, df } = block;
  return {
    name,
    block,
    macs: {
      formula: 'D_K · D_K · M · N · D_F · D_F',
      numbers: `${dk} · ${dk} · ${m} · ${n} · ${df} · ${df}`,
      value: dk * dk * m * n * df * df,
    },
    weights: { formula: 'D_K · D_K · M · N', numbers: `${dk} · ${dk} · ${m} · ${n}`, value: dk * dk * m * n },
  };
}

function depthwiseCost(block: Block): ExplainedCost {
  const { dk, m, df } = block;
  return {
    name: 'depthwise',
    block,
    macs: {
      formula: 'D_K · D_K · M · D_F · D_F',
      numbers: `${dk} · ${dk} · ${m} · ${df} · ${df}`,
      value: dk * dk * m * df * df,
    },
    weights: { formula: 'D_K · D_K · M', numbers: `${dk} · ${dk} · ${m}`, value: dk * dk * m },
  };
}

function pointwiseCost(block: Block): ExplainedCost {
  const { m, n, df } = block;
  return {
    name: 'pointwise',
    block,
    macs: { formula: 'M · N · D_F · D_F', numbers: `${m} · ${n} · ${df} · ${df}`, value: m * n * df * df },
    weights: { formula: 'M · N', numbers: `${m} · ${n}`, value: m * n },
  };
}

function separableCost(name: string, block: Block): ExplainedCost {
  const [first, second] = [depthwiseCost(block), pointwiseCost(block)];
  const join = (pick: (cost: ExplainedCost) => Term): Term => ({
    formula: `${pick(first).formula} + ${pick(second).formula}`,
    numbers: `${pick(first).numbers} + ${pick(second).numbers}`,
    value: pick(first).value + pick(second).value,
  });
  return { name, block, macs: join(({ macs }) => macs), weights: join(({ weights }) => weights) };
}
