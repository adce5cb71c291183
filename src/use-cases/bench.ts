import { costTotals } from '../cost/cost.js';
import type { BenchFacts, BenchLayer, BenchRecord } from '../domain/bench.js';
import type { ModelChoice } from '../domain/model-choice.js';
import { seededRandom } from '../domain/seeded-random.js';
import { median, quantile } from '../domain/statistics.js';
import { createCeiling } from '../engine/ceiling.js';
import { createRangeChooser } from '../engine/int8/choose-ranges.js';
import type { Levels } from '../engine/int8/levels.js';
import { type Observed, observe } from '../engine/int8/observe.js';
import { loadKernels } from '../engine/kernels.js';
import { createSession, type Session } from '../engine/session.js';
import { elementAt } from '../errors/element-at.js';
import { exitCodes, MobilenetError, ModelError } from '../errors/errors.js';
import { chooseModel } from '../models/choose.js';
import { withPicture } from '../models/integers.js';
import type { Model } from '../models/model.js';
import { buildNetwork, findNetwork, isNetworkId } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { ResolvedNetwork } from '../networks/types.js';
import { findInstalled } from '../store/installed.js';
import type { NetworkWeights } from '../weights/types.js';
import { seededWeights } from './seeded-weights.js';
import { costSteps, type StepCost } from './step-costs.js';

export interface BenchChoice {
  /** Network id, or the name of an installed model. */
  readonly model: string;
  readonly alpha?: number;
  /** Side of the network's square input in pixels. */
  readonly resolution?: number;
  /** `f32` by default. */
  readonly dtype?: BenchRecord['dtype'];
  /** Threads that share the work of a picture; 1 by default. */
  readonly threads?: number;
  /** How often to run after the warm-up; by default 40 times, slow networks for about 5 s but 10 times at least. */
  readonly runs?: number;
  /** The kernels without fused multiply-add, whose last digits are the same on every runtime. */
  readonly deterministic?: boolean;
  /** Measure each step by itself too. */
  readonly layers?: boolean;
}

/** A network that can be run: what it is and its weights. */
export interface BenchSubject {
  readonly network: ResolvedNetwork;
  readonly weights: NetworkWeights;
  readonly epsilon: number;
  readonly trainedResolution: number | null;
  /** `seeded`, or the weights' file name. */
  readonly source: string;
  /** Where it is to run in integers and has ranges of its own. */
  readonly levels?: Levels;
}

const WARM_UP = { runs: 8, ms: 300 };
const DEFAULT_RUNS = { most: 40, least: 10, ms: 5000 };
/** Errors after which seeded weights are used instead. */
const WEIGHTS_MISSING = ['model-not-bundled', 'model-not-installed'];
/** The batch norms of seeded weights. */
const EPSILON = 1e-3;

/** The bundled or installed model where there is one; else the network with seeded weights. UsageError for an unknown network. */
export async function benchSubject(choice: BenchChoice): Promise<BenchSubject> {
  const { model, alpha, resolution } = choice;
  const entry = isNetworkId(model) || !findInstalled({ model }) ? findNetwork(model) : undefined;
  try {
    const found = await chooseTrained({
      model,
      ...(alpha !== undefined && { alpha }),
      ...(resolution !== undefined && { resolution }),
      ...(choice.dtype && { dtype: choice.dtype }),
    });
    const { network, epsilon, facts, readLevels } = found;
    const weights = found.readWeights();
    const { trainedResolution, weights: source } = facts;
    const levels = readLevels?.((await loadKernels()).constants);
    return { network, weights, epsilon, trainedResolution, source, ...(levels && { levels }) };
  } catch (error) {
    if (!entry || !(error instanceof ModelError && WEIGHTS_MISSING.includes(error.code))) throw error;
  }
  const built = buildNetwork(model, { ...(alpha !== undefined && { alpha }) });
  const network = resolve(built, { resolution: resolution ?? entry.defaultResolution });
  return { network, weights: seededWeights(network), epsilon: EPSILON, trainedResolution: null, source: 'seeded' };
}

/** A model without ranges of its values is measured all the same. */
async function chooseTrained({ dtype, ...choice }: ModelChoice): Promise<Model> {
  if (dtype !== 'int8') return chooseModel(choice);
  try {
    return await chooseModel({ ...choice, dtype });
  } catch (error) {
    if (error instanceof ModelError && error.code === 'calibration') return chooseModel(choice);
    throw error;
  }
}

/** Levels by one random picture, 7 bits for each value: they do for measuring speed, which does not depend on them. */
export async function randomLevels({ network, weights, epsilon }: BenchSubject): Promise<Levels> {
  const { constants } = await loadKernels();
  const session = await createSession(network, weights, epsilon);
  fillRandomly(session);
  const observed = new Map<string, Observed>();
  observe(session, network, constants, observed);
  return withPicture(createRangeChooser({ network, weights, epsilon }, constants, observed)(), network, {
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  });
}

/**
 * Times one network on a random picture, with the SIMD ceiling sampled between the runs.
 * Throws MobilenetError with exit code 70 where a network seems faster than the ceiling: then the bench is wrong.
 */
export async function bench(choice: BenchChoice): Promise<{ record: BenchRecord; facts: BenchFacts }> {
  const subject = await benchSubject(choice);
  const { network, weights, epsilon, source, trainedResolution } = subject;
  const { deterministic = false, dtype = 'f32', threads = 1 } = choice;
  const levels = dtype === 'int8' ? (subject.levels ?? (await randomLevels(subject))) : undefined;
  const session = await createSession(network, weights, epsilon, { deterministic, threads, ...(levels && { levels }) });
  const flavour = deterministic ? 'plain' : 'relaxed';
  const ceiling = await createCeiling(flavour, dtype);
  fillRandomly(session);
  warmUp(() => {
    session.run();
    ceiling.sample();
  });

  const times: number[] = [];
  const started = performance.now();
  while (!isEnough(times.length, performance.now() - started, choice.runs)) {
    fillRandomly(session);
    times.push(time(() => session.run()));
    ceiling.sample();
  }
  const ms = { min: Math.min(...times), median: median(times), p95: quantile(times, 0.95) };
  const { constants } = await loadKernels(flavour);
  const steps = choice.layers ? costSteps(network, session.plan, { constants, levels }) : undefined;
  const layers = steps && benchSteps(steps, session, times.length);
  session.close();
  const { macs } = costTotals(network);
  const gmacsPerSecond = macs / ms.median / 1e6;
  const share = shareOf(threads * ceiling.gmacsPerSecond(), gmacsPerSecond);
  return {
    record: {
      network: network.id,
      alpha: network.alpha,
      resolution: network.resolution,
      trainedResolution,
      dtype,
      threads,
      ms: { min: round(ms.min, 3), median: round(ms.median, 3), p95: round(ms.p95, 3) },
      macs,
      gmacsPerSecond: round(gmacsPerSecond, 3),
      ceilingShare: round(share, 4),
      ...(layers && { layers }),
    },
    facts: {
      weights: source,
      ...(levels && { ranges: subject.levels ? ('model' as const) : ('random' as const) }),
      runs: times.length,
      runtime: `Node.js ${process.version} ${process.arch}`,
      ceiling: round(ceiling.gmacsPerSecond(), 2),
    },
  };
}

/** `speed` ÷ `ceiling`, which cannot be above 1. */
export function shareOf(ceiling: number, speed: number): number {
  if (speed <= ceiling) return speed / ceiling;
  throw new MobilenetError('bench-fault', exitCodes.internal, {
    where: 'bench',
    problem: `THE MEASUREMENT IS WRONG: ${speed.toFixed(1)} GMAC/s`,
    expected: `no more than the ceiling of ${ceiling.toFixed(1)} GMAC/s measured in the same run`,
  });
}

/** Each step's median over whole runs, so that it finds its inputs in the caches as it would. */
function benchSteps(steps: readonly StepCost[], session: Session, runs: number): BenchLayer[] {
  const times = steps.map((): number[] => []);
  for (let run = 0; run < runs; run++) {
    fillRandomly(session);
    for (const [index, own] of times.entries()) own.push(time(() => session.runStep(index)));
  }
  const medians = times.map(median);
  const total = medians.reduce((sum, ms) => sum + ms, 0);
  return steps.map(({ layer, mainLayer, kernel, macs, bytes }, index) => {
    const ms = elementAt(medians, index);
    const gmacsPerSecond = ms > 0 ? round(macs / ms / 1e6, 3) : 0;
    return { layer, kernel, ms: round(ms, 4), macs, gmacsPerSecond, share: round(ms / total, 6), bytes, mainLayer };
  });
}

/** Steps may write over the picture, so each run gets one. */
function fillRandomly({ input }: Session): void {
  const random = seededRandom(7);
  for (let index = 0; index < input.length; index++) input[index] = 2 * random() - 1;
}

/** Until the engine has put optimised code in place. */
function warmUp(run: () => void): void {
  const started = performance.now();
  for (let count = 0; count < WARM_UP.runs || performance.now() - started < WARM_UP.ms; count++) run();
}

function isEnough(count: number, ms: number, asked: number | undefined): boolean {
  if (asked !== undefined) return count >= asked;
  return count >= DEFAULT_RUNS.most || (count >= DEFAULT_RUNS.least && ms >= DEFAULT_RUNS.ms);
}

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
