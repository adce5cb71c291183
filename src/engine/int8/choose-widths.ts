import { availableParallelism } from 'node:os';
import { ModelError, UsageError } from '../../errors/errors.js';
import type { ResolvedNetwork } from '../../networks/types.js';
import { fuse } from '../fuse.js';
import { loadKernels } from '../kernels.js';
import { createSession } from '../session.js';
import type { CalibrationModel } from './choose-ranges.js';
import { copyOf } from './copies.js';
import { compareHeldOut, type HeldOut } from './held-out.js';
import type { Levels, ValueLevels } from './levels.js';
import { type Observed, observe } from './observe.js';
import { tryEachMap } from './trial-threads.js';
import { createTrials, type Example, type MapTrial, meanOf, runOn } from './trials.js';

/** Pictures on which the effect of one narrow map is measured; ranges are observed on others till then, so that what lies beyond them counts. */
const TRIAL_PICTURES = 48;
/** Pictures on which the integers are compared with floats, after all has been chosen without them. */
const HELD_OUT_PICTURES = 64;
/** Either has at most one picture in so many. */
const PICTURES_FOR_EACH = 3;
/** How much all narrow maps together may move the probabilities, as `diverge` measures it. */
const BUDGET = 0.0035;
/** Each has a copy of the weights. */
const MOST_THREADS = 4;

export interface CalibrationOptions {
  readonly budget?: number;
  /** How the picture itself is stored, where the network takes it in integers. */
  readonly picture?: ValueLevels | undefined;
  /** By default as many as run at once here, up to 4; the levels are the same for any number. */
  readonly threads?: number;
  /** Told after each picture and each trial. */
  readonly onProgress?: (unit: 'picture' | 'map', done: number, total: number) => void;
}

export interface Calibration {
  readonly levels: Levels;
  /** Pictures that could be read. */
  readonly pictures: number;
  /** What integers cost on pictures that nothing was chosen by; the ranges have grown by these pictures since. */
  readonly heldOut: HeldOut;
  readonly wide: ReadonlySet<string>;
  /** Of the wide ones, those that products read as a narrow copy. */
  readonly copied: ReadonlySet<string>;
  readonly maps: number;
  /** Of the probabilities from those of floats, on the pictures of the trials: as chosen, and with all maps wide. */
  readonly divergence: number;
  readonly divergenceWide: number;
}

/** Writes the prepared picture of an index, height × width × channels; false for one that cannot be read. */
export type PreparePicture = (index: number, into: Float32Array) => Promise<boolean>;

/**
 * Chooses how a network is stored in integers. All maps start wide (12 bits). Then each is made narrow (8 bits) by itself,
 * which shows what that does to the probabilities of other pictures; those that do the least for the multiplications they
 * make cheap become narrow for good, as long as the sum stays within the budget. Of a map that sums read, too, a narrow copy
 * for the products alone is tried besides. The same pictures give the same levels on
 * every runtime: floats are computed by the kernels without fused multiply-add.
 * @param count how many pictures there are; with one or two all maps stay wide, since none can be held out
 * @throws UsageError where no picture can be read, ModelError `calibration` where the network gives a number that is not
 * finite, RuntimeError where a thread fails
 */
export async function chooseRangesAndWidths(
  model: CalibrationModel,
  count: number,
  prepare: PreparePicture,
  options: CalibrationOptions = {},
): Promise<Calibration> {
  const { budget = BUDGET, threads = Math.min(MOST_THREADS, availableParallelism()) } = options;
  const { picture, onProgress = () => {} } = options;
  const { observed, observeAll, examples, pictures } = await readPictures(model, count, prepare, onProgress);
  const data = { model, picture, observed, examples: examples.trial };
  const trials = await createTrials(data);
  const allWide = await trials.divergences(trials.maps);
  const found =
    data.examples.length === 0
      ? new Map<string, MapTrial>()
      : await tryEachMap(data, trials, threads, (done, total) => onProgress('map', done, total));
  const { narrow, copied, shares } = chooseWays(model.network, found, budget);
  const wide = new Set([...trials.maps].filter((map) => !narrow.has(map)));
  const ways = [wide, shares, copied] as const;
  const divergence = meanOf(await trials.divergences(...ways));
  observeAll(examples.trial);
  const grown = await createTrials({ ...data, examples: [] });
  const heldOut = await compareHeldOut(model, picture, grown.levels(...ways), examples.heldOut);
  observeAll(examples.heldOut);
  const last = await createTrials({ ...data, examples: [] });
  return {
    levels: last.levels(...ways),
    pictures,
    heldOut,
    wide,
    copied,
    maps: trials.maps.size,
    divergence,
    divergenceWide: meanOf(allWide),
  };
}

/** Runs all pictures in floats and observes those that are kept for nothing else. */
async function readPictures(
  { network, weights, epsilon }: CalibrationModel,
  count: number,
  prepare: PreparePicture,
  onProgress: NonNullable<CalibrationOptions['onProgress']>,
) {
  const { constants } = await loadKernels();
  const floats = await createSession(network, weights, epsilon, { deterministic: true });
  const observed = new Map<string, Observed>();
  const examples: Record<'trial' | 'heldOut', Example[]> = { trial: [], heldOut: [] };
  const most = Math.floor(count / PICTURES_FOR_EACH);
  const isHeldOut = spread(Math.min(HELD_OUT_PICTURES, most), count);
  const isTrial = spread(Math.min(TRIAL_PICTURES, most), count - Math.min(HELD_OUT_PICTURES, most));
  const see = (input: Float32Array): void => {
    floats.input.set(input);
    observe(floats, network, constants, observed);
  };
  // One picture is decoded by other threads while this one runs the one before.
  const read = async (index: number): Promise<Float32Array | undefined> => {
    const input = new Float32Array(floats.input.length);
    return (await prepare(index, input)) ? input : undefined;
  };
  let pictures = 0;
  let others = 0;
  let next = count > 0 ? read(0) : undefined;
  for (let index = 0; index < count; index++) {
    const input = await next;
    next = index + 1 < count ? read(index + 1) : undefined;
    // It is waited for in the next turn, unless this one fails.
    next?.catch(() => {});
    if (input) {
      const kind = isHeldOut(pictures++) ? 'heldOut' : isTrial(others++) ? 'trial' : undefined;
      if (kind) examples[kind].push({ input, output: runOn(floats, input) });
      else see(input);
    }
    onProgress('picture', index + 1, count);
  }
  if (pictures === 0)
    throw new UsageError({ where: 'calibration', problem: 'no image that can be read', expected: 'one or more' });
  checkFinite(network, observed);
  return {
    ...{ observed, examples, pictures },
    observeAll(more: readonly Example[]) {
      for (const { input } of more) see(input);
      checkFinite(network, observed);
    },
  };
}

/** Whether a picture is among `chosen` ones, at most half, that are spread evenly over all; the first is not. */
function spread(chosen: number, all: number): (index: number) => boolean {
  const share = (index: number) => Math.floor((index * chosen + Math.floor(all / 2)) / all);
  return (index) => share(index) > share(index - 1);
}

function checkFinite({ id }: ResolvedNetwork, observed: ReadonlyMap<string, Observed>): void {
  for (const [name, { sum, squares }] of observed) {
    if ([...sum, ...squares].every(Number.isFinite)) continue;
    throw new ModelError('calibration', {
      where: id,
      problem: `${name} is not finite`,
      expected: 'numbers to choose levels by',
    });
  }
}

/** The ways to store maps that do the least harm for the multiplications they make cheap, as long as the sum stays within the budget. */
function chooseWays(network: ResolvedNetwork, trials: ReadonlyMap<string, MapTrial>, budget: number) {
  const work = workOfReaders(network);
  const ranked = Array.from(trials, ([map, { narrow, copied }]) => {
    const { multiplications = 1, values = 0 } = work.get(map) ?? {};
    return [
      { map, copied: false, ...narrow, price: narrow.harm / multiplications },
      ...(copied
        ? [{ map, copied: true, ...copied, price: copied.harm / (multiplications - COPY_WORK * values) }]
        : []),
    ];
  })
    .flat()
    .filter(({ price }) => price >= 0)
    .sort((a, b) => a.price - b.price);
  const [narrow, copied] = [new Set<string>(), new Set<string>()];
  const shares = new Map<string, number>();
  let spent = 0;
  for (const way of ranked) {
    if (narrow.has(way.map) || copied.has(way.map) || spent + way.harm > budget) continue;
    spent += way.harm;
    if (way.copied) copied.add(way.map);
    else narrow.add(way.map);
    shares.set(way.copied ? copyOf(way.map) : way.map, way.share);
  }
  return { narrow, copied, shares };
}

/** A value of a copy takes as much time as so many multiplications save. */
const COPY_WORK = 25;
/** How much longer a multiplication of a depthwise layer takes than one of others, where words take the place of bytes. */
const DEPTHWISE_WORK = 3.5;

interface ReadersWork {
  readonly multiplications: number;
  /** Of the map that is read. */
  readonly values: number;
}

/** What the operations that read a value have to do. */
function workOfReaders(network: ResolvedNetwork): ReadonlyMap<string, ReadersWork> {
  const work = new Map<string, ReadersWork>();
  for (const { layer, inputs } of fuse(network.layers)) {
    const { height, width, channels } = layer.outputShape;
    const [input] = layer.inputShapes;
    const perOutput =
      layer.kind === 'depthwise'
        ? DEPTHWISE_WORK * layer.kernelSize * (layer.kernelWidth ?? layer.kernelSize)
        : input.channels;
    const others = work.get(inputs[0])?.multiplications ?? 0;
    work.set(inputs[0], {
      multiplications: others + height * width * channels * perOutput,
      values: input.height * input.width * input.channels,
    });
  }
  return work;
}
