import { NETWORK_INPUT } from '../../networks/types.js';
import { loadKernels } from '../kernels.js';
import { createSession, type Session } from '../session.js';
import { type CalibrationModel, createRangeChooser, integerMaps } from './choose-ranges.js';
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
  readonly levels: (wide: ReadonlySet<string>) => Levels;
  /** How far integers move the probabilities of each example, where these maps are wide. */
  readonly divergences: (wide: ReadonlySet<string>) => Promise<readonly number[]>;
  /** The same where all maps are wide but one. */
  readonly divergencesOfNarrow: (map: string) => Promise<readonly number[]>;
}

export async function createTrials({ model, picture, observed, examples }: TrialData): Promise<Trials> {
  const { constants } = await loadKernels();
  const levels = createRangeChooser(model, constants, observed);
  const maps = new Set(integerMaps(model.network));
  const divergences = async (wide: ReadonlySet<string>): Promise<readonly number[]> => {
    if (examples.length === 0) return [];
    const run = await runIntegers(model, picture, levels(wide));
    return examples.map(({ input, output }) => diverge(output, run(input)));
  };
  return {
    maps,
    levels,
    divergences,
    divergencesOfNarrow: (map) => divergences(new Set([...maps].filter((each) => each !== map))),
  };
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
