import { availableParallelism } from 'node:os';
import { DEFAULT_TOP } from '../domain/defaults.js';
import type { Label } from '../domain/label.js';
import { describe, findTop, ofLabels } from '../domain/rank.js';
import { createExactSession } from '../engine/exact/session.js';
import type { KernelPace } from '../engine/kernels.js';
import { createSession, type SessionOptions } from '../engine/session.js';
import { elementAt } from '../errors/element-at.js';
import { printable } from '../errors/printable.js';
import { valuesOfBytes } from '../images/prepare.js';
import type { Model } from '../models/model.js';
import { closedError } from './picture-errors.js';
import { createTarget, preparePicture } from './prepare-picture.js';
import type { Maps, OnThisThread, Picture, Runner, RunnerOptions, RunResult } from './types.js';

/** One is decoded while another is run. */
const PICTURES_AT_A_TIME = 2;

/**
 * Packing the weights takes about as long as widening them for so many pictures takes more. Up to here integers are taken as
 * an earlier start has packed them.
 */
const MOST_UNPACKED = 4;

/** A second thread starts up for about 25 ms of a core; from about this many multiply-accumulates on that is worth it. */
const MACS_WORTH_A_THREAD = 2e9;

/** Up to so many multiply-accumulates, of all pictures, V8 takes longer to optimise all kernels in floats than it saves. */
const MOST_MACS_UNOPTIMISED = 9.5e8;
/** The same for one picture in integers. For a second one optimised code is worth its compilation. */
const MOST_INTEGER_MACS_UNOPTIMISED = 6.5e8;

type Running = Pick<Runner, 'ready' | 'busy' | 'classify' | 'close'>;

/**
 * Runs pictures on this thread. Comes back at once, so that the first picture is decoded while the weights are read.
 * @param macs of one picture
 */
export function openOnThisThread(model: Model, macs: number, plan: OnThisThread, options: RunnerOptions): Running {
  const session = sessionOptions(model, macs, plan, options);
  let loading: Promise<Loaded> | undefined = load(model, session);
  // Reported by whoever awaits it; until then it must not count as unhandled.
  const ready = loading.then(() => {});
  ready.catch(() => {});
  const pending = new Set<Promise<unknown>>();
  return {
    ready,
    busy: PICTURES_AT_A_TIME,
    classify(picture, { top = DEFAULT_TOP } = {}) {
      const classification = loading
        ? classify(picture, model, loading, { ...options, top, isBrief: hasFew(plan.pictures) })
        : Promise.reject(closedError());
      const settled: Promise<unknown> = classification.catch(() => {}).finally(() => pending.delete(settled));
      pending.add(settled);
      return classification;
    },
    close() {
      const opened = loading;
      loading = undefined;
      void Promise.all(pending)
        .then(() => opened)
        .then(
          (loaded) => {
            loaded?.session.keep();
            loaded?.session.close();
          },
          () => {},
        );
    },
  };
}

function sessionOptions(
  model: Model,
  macs: number,
  { threads, pictures }: OnThisThread,
  { deterministic = false, keep = [] }: RunnerOptions,
): SessionOptions {
  const isBrief = hasFew(pictures);
  const allMacs = macs * (pictures ?? 0);
  const used = threads ?? threadsThatPay(allMacs);
  return {
    threads: used,
    pace: used === 1 ? paceOf(model, allMacs, pictures) : 'many-runs',
    deterministic,
    keep,
    ...(isBrief && model.openHalves && { openHalves: model.openHalves }),
    ...(isBrief && model.packed && { packed: model.packed() }),
    ...(model.readLevels && { levels: model.readLevels }),
  };
}

function paceOf(model: Model, allMacs: number, pictures: number | undefined): KernelPace {
  if (!hasFew(pictures) || model.exact) return 'many-runs';
  if (!model.readLevels) {
    return allMacs <= MOST_MACS_UNOPTIMISED && !readsMapsByWindows(model.network) ? 'few-runs' : 'many-runs';
  }
  return pictures === 1 && allMacs <= MOST_INTEGER_MACS_UNOPTIMISED ? 'one-integer-run' : 'many-runs';
}

/** Convolutions of maps have a product of their own, which is not optimised ahead; that of the picture uses the common one. */
function readsMapsByWindows({ layers }: Model['network']): boolean {
  return layers.filter(({ kind }) => kind === 'conv').length > 1;
}

function hasFew(pictures: number | undefined): boolean {
  return pictures !== undefined && pictures <= MOST_UNPACKED;
}

function threadsThatPay(macs: number): number {
  return macs < MACS_WORTH_A_THREAD ? 1 : Math.min(2, availableParallelism());
}

type Loaded = Awaited<ReturnType<typeof load>>;

async function load(model: Model, options: SessionOptions) {
  // Let the caller start decoding first.
  await null;
  const session = model.exact
    ? await createExactSession(model.exact, options)
    : await createSession(model.network, (allocate) => model.readWeights(allocate), model.epsilon, options);
  if (model.openLabels) return { session, labelAt: model.openLabels(), labels: model.network.classes };
  const labels = model.readLabels();
  return { session, labelAt: asFunction(labels), labels: labels.length };
}

function asFunction(labels: readonly Label[]): (index: number) => Label {
  return (index) => elementAt(labels, index);
}

interface ClassifyOptions extends RunnerOptions {
  readonly top: number;
  readonly isBrief: boolean;
}

async function classify(
  picture: Picture,
  { preprocessing }: Model,
  loading: Promise<Loaded>,
  { top, maxPixels, lenient, isBrief, fullDecode, keep = [] }: ClassifyOptions,
): Promise<RunResult> {
  const prepared = createTarget(preprocessing);
  const kernels = loading.then(({ session }) => session.pixels);
  // Reported below, unless the picture cannot be decoded.
  kernels.catch(() => {});
  const start = performance.now();
  const { size, ...facts } = await preparePicture(picture, preprocessing, prepared, kernels, {
    maxPixels,
    lenient,
    isBrief,
    fullDecode,
  });
  const decoded = performance.now();
  const { session, labelAt, labels } = await loading;
  const started = performance.now();
  session.input.set(
    prepared instanceof Uint8Array ? session.pixels.lookUp(prepared, valuesOfBytes(preprocessing)!) : prepared,
  );
  const probabilities = session.run();
  const maps = keptMaps(keep, session);
  const run = performance.now() - started;
  const ranked = findTop(ofLabels(probabilities, labels), top, printable(picture.file));
  return {
    predictions: describe(ranked, labelAt),
    ms: { decode: decoded - start, run },
    ...facts,
    ...(maps && { maps, size }),
  };
}

function keptMaps(keep: readonly string[], session: Loaded['session']): Maps | undefined {
  if (keep.length === 0) return undefined;
  return new Map(keep.map((name) => [name, session.kept(name)]));
}
