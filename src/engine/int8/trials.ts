import { NETWORK_INPUT } from '../../networks/types.js';
import { loadKernels } from '../kernels.js';
import { createSession, type Session } from '../session.js';
import { type CalibrationModel, createRangeChooser, integerMaps } from './choose-ranges.js';
import { copyOf, mapsWithOtherReaders } from './copies.js';
import type { Levels, ValueLevels } from './levels.js';
import type { Observed } from './observe.js';

/** A prepared picture, and what the network in floats makes of it. */
export interface Example {
  readonly input: Float32Array;
  readonly output: Float32Array;
}

/** All that trials of widths take, as data for a thread of its own. */
export interface TrialData {
  readonly model: CalibrationModel;
  /** How the picture itself is stored, where it is in integers. */
  readonly picture: ValueLevels | undefined;
  readonly observed: ReadonlyMap<string, Observed>;
  readonly examples: readonly Example[];
}

export interface Trials {
  /** Values that are stored in integers. */
  readonly maps: ReadonlySet<string>;
  readonly levels: ReturnType<typeof createRangeChooser>;
  /** How far integers move the probabilities of each example, where these maps are wide. */
  readonly divergences: (...ways: Parameters<Trials['levels']>) => Promise<readonly number[]>;
  /** What it adds to these where all maps are wide that one is not. */
  readonly tryMap: (map: string) => Promise<MapTrial>;
}

export interface MapTrial {
  readonly narrow: WayTrial;
  /** Where products alone read it narrow; only of a map that others read, too, and where `narrow` does harm. */
  readonly copied?: WayTrial;
}

export interface WayTrial {
  /** Of the map's range, what is best stored. */
  readonly share: number;
  readonly harm: number;
}

/** Of a narrow map's range, shares that are tried. What lies beyond is clipped, the rest has finer steps. */
const SHARES = [0.8, 0.65, 0.5];
/** A smaller share has to do less than so much of the harm: these pictures may not show what it clips of others. */
const WORTH_CLIPPING = 0.75;
/** Standard errors by which the mean harm of a map may be too small where there are fewer pictures than these. */
const CAUTION = 2;
const SURE_PICTURES = 24;
/** A map that does so little is not tried any further. */
const HARMLESS = 1e-5;

export async function createTrials({ model, picture, observed, examples }: TrialData): Promise<Trials> {
  const { constants } = await loadKernels();
  const levels = createRangeChooser(model, constants, observed);
  const maps = new Set(integerMaps(model.network));
  const divergences: Trials['divergences'] = async (...ways) => {
    if (examples.length === 0) return [];
    const run = await runIntegers(model, picture, levels(...ways));
    return examples.map(({ input, output }) => diverge(output, run(input)));
  };
  let allWide: Promise<readonly number[]> | undefined;
  const tryShares = async (name: string, ...[wide, , copied]: Parameters<Trials['levels']>): Promise<WayTrial> => {
    allWide ??= divergences(maps);
    const tryShare = async (share: number) =>
      harmOf(await divergences(wide, new Map([[name, share]]), copied), await allWide!);
    let best = { share: 1, harm: await tryShare(1) };
    for (const share of best.harm > HARMLESS ? SHARES : []) {
      const harm = await tryShare(share);
      if (harm < WORTH_CLIPPING * best.harm) best = { share, harm };
    }
    return best;
  };
  const shared = new Set(mapsWithOtherReaders(model.network));
  const tryMap = async (map: string): Promise<MapTrial> => {
    const narrow = await tryShares(map, new Set([...maps].filter((each) => each !== map)));
    if (narrow.harm <= HARMLESS || !shared.has(map)) return { narrow };
    return { narrow, copied: await tryShares(copyOf(map), maps, undefined, new Set([map])) };
  };
  return { maps, levels, divergences, tryMap };
}

/**
 * What making a map narrow adds to the divergences: their mean, and the more uncertain it is than that of SURE_PICTURES,
 * with which the budget was chosen, the more besides.
 */
export function harmOf(divergences: readonly number[], allWide: readonly number[]): number {
  const added = divergences.map((each, index) => each - allWide[index]!);
  const mean = meanOf(added);
  const deviation = Math.sqrt(meanOf(added.map((each) => (each - mean) * (each - mean))));
  const uncertainty = Math.max(0, 1 / Math.sqrt(added.length) - 1 / Math.sqrt(SURE_PICTURES));
  return Math.max(0, mean) + CAUTION * deviation * uncertainty;
}

export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The network in integers, which are the same on every runtime. */
export async function runIntegers(
  { network, weights, epsilon }: CalibrationModel,
  picture: ValueLevels | undefined,
  { values, steps }: Levels,
): Promise<(input: Float32Array) => Float32Array> {
  const levels = { values: picture ? new Map([...values, [NETWORK_INPUT, picture]]) : values, steps };
  const session = await createSession(network, weights, epsilon, { levels, deterministic: true });
  return (input) => runOn(session, input);
}

export function runOn(session: Session, input: Float32Array): Float32Array {
  session.input.set(input);
  return session.run();
}

/** Σ p · (ln p − ln q)²: how far q is from p where p is probable. */
function diverge(p: Float32Array, q: Float32Array): number {
  return p.reduce((sum, value, i) => {
    const difference = Math.log(Math.max(value, 1e-9)) - Math.log(Math.max(q[i]!, 1e-9));
    return sum + value * difference * difference;
  }, 0);
}
