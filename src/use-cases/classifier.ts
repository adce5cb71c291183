import { availableParallelism } from 'node:os';
import { fetchContent } from '../batch/run.js';
import type { Classification, CostFacts, ModelFacts } from '../domain/classification.js';
import { DEFAULT_TOP, MOST_THREADS } from '../domain/defaults.js';
import type { ImageInput } from '../domain/image-input.js';
import { type ModelChoice, modelRules } from '../domain/model-choice.js';
import { checkOptions, flagRule, type RuleTable, signalRule, textRule, wholeRule } from '../domain/option-rules.js';
import type { Row } from '../domain/rows.js';
import { UsageError } from '../errors/errors.js';
import type { Input } from '../inputs/types.js';
import { openRunner } from '../runners/open.js';
import { closedError } from '../runners/picture-errors.js';
import type { Picture, Runner } from '../runners/types.js';
import { untilAborted } from './abort.js';
import { checkSource, classifyImages } from './classify-images.js';
import { createImageEmbedder } from './embed-image.js';
import { inputOf } from './read-image-input.js';

/** How a model is run. */
export interface ComputeOptions {
  /**
   * Threads that share the work of each image, 1 to 64; 1 by default. The predictions are the same with any number. With
   * more than one, `close` ends them; they do not keep the process alive.
   */
  readonly threads?: number;
  /**
   * The same last digits on every runtime. Otherwise they follow from whether it can multiply and add in one step, which is
   * faster.
   */
  readonly deterministic?: boolean;
  /**
   * Classify what is left of a JPEG, PNG or GIF file that ends early, instead of rejecting it. Its result has
   * `truncated: true`.
   */
  readonly lenient?: boolean;
  /**
   * Decode every pixel of large JPEG and WebP files. By default they are shrunk while they are decoded, to no less than 2
   * times the size that the model's preprocessing scales them to, which takes less time; answers differ very little.
   */
  readonly fullDecode?: boolean;
}

/** A model and how to run it. */
export interface LoadOptions extends ModelChoice, ComputeOptions {
  /** Aborted: `load` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ClassifyOptions {
  /** How many predictions to give, most probable first; 5 by default. */
  readonly top?: number;
  /** Aborted: `classify` rejects with the signal's reason; a stream that is being read is destroyed. */
  readonly signal?: AbortSignal;
}

export interface EmbedOptions {
  /** The layer whose output is wanted, flattened; by default the features before the classifier. */
  readonly layer?: string;
  /** The output as it is, not divided by its Euclidean length. */
  readonly raw?: boolean;
  /** Aborted: `embed` rejects with the signal's reason; a stream that is being read is destroyed. */
  readonly signal?: AbortSignal;
}

export interface ClassifyAllOptions {
  /** How many predictions to give for each image, most probable first; 5 by default. */
  readonly top?: number;
  /**
   * Images to classify in parallel, each on a thread of its own, 1 to 64. By default 1 for an array of up to 8 images and
   * where `threads` was chosen, otherwise the number of CPU cores.
   */
  readonly jobs?: number;
  /** Aborted: the iteration throws the signal's reason, and everything that it held is released. */
  readonly signal?: AbortSignal;
}

/**
 * A model in memory. Images may be handed in before the previous one is done. Can be declared with `using` or `await using`,
 * which closes it.
 */
export interface Classifier {
  /** What runs. */
  readonly model: ModelFacts;
  /** Of one image. */
  readonly cost: CostFacts;
  /**
   * Says what is in an image.
   * Rejects with UsageError for what is no image or a wrong option, ImageError for an image that cannot be read,
   * RuntimeError where one of several threads is gone or the network gives what is no number (`not-finite`), and
   * MobilenetError `closed` after `close`.
   */
  classify(image: ImageInput, options?: ClassifyOptions): Promise<Classification>;
  /**
   * What the network makes of an image before it classifies: a vector of length 1 (one of zeros stays as it is), close to
   * those of similar images. Vectors of different models, layers, dtypes or resolutions cannot be compared. The first call
   * opens the model a second time.
   * Rejects as `classify`, and with UsageError for a layer that does not exist.
   */
  embed(image: ImageInput, options?: EmbedOptions): Promise<Float32Array>;
  /**
   * Classifies many images: one row for each, in their order, as soon as it is known. An image that cannot be read is a row
   * with an error. Images are taken from the iterable as they are needed, a few ahead. Ending the loop early releases
   * everything, the iterable included.
   * Throws UsageError for a wrong option, at once; the iteration throws what the iterable throws, the reason of an aborted
   * signal, RuntimeError where it cannot go on, and MobilenetError `closed` after `close`.
   */
  classifyAll<Image extends ImageInput>(
    images: Iterable<Image> | AsyncIterable<Image>,
    options?: ClassifyAllOptions,
  ): AsyncGenerator<Row<Image>, void, undefined>;
  /**
   * Lets go of the weights, the memory and the threads, once images that were handed in before are done; `classify`
   * rejects from here on.
   */
  close(): void;
  /** As `close`. */
  [Symbol.dispose](): void;
  /** As `close`; resolves when images that were handed in before are done. */
  [Symbol.asyncDispose](): Promise<void>;
}

const topRule = wholeRule({ unit: 'predictions' });
const loadRules: RuleTable<LoadOptions> = {
  ...modelRules,
  threads: wholeRule({ most: MOST_THREADS }),
  deterministic: flagRule,
  lenient: flagRule,
  fullDecode: flagRule,
  signal: signalRule,
};
const classifyRules: RuleTable<ClassifyOptions> = { top: topRule, signal: signalRule };
const embedRules: RuleTable<EmbedOptions> = { layer: textRule, raw: flagRule, signal: signalRule };
const classifyAllRules: RuleTable<ClassifyAllOptions> = {
  top: topRule,
  jobs: wholeRule({ most: MOST_THREADS }),
  signal: signalRule,
};

/** Up to so many images are classified before other threads have started. */
const MOST_ON_THIS_THREAD = 8;

/**
 * Loads a model: a network's id, or a choice of network, α, resolution or files; MobileNetV2 1.0 at 224 by default.
 * Rejects with ModelError where weights are missing or damaged, UsageError for an unknown network or a wrong option.
 */
export function load(choice?: string | LoadOptions): Promise<Classifier>;
export async function load(choice: string | LoadOptions = {}, ...others: readonly unknown[]): Promise<Classifier> {
  // Options after a name would be ignored in silence.
  if (others.length > 0) {
    throw new UsageError({
      where: 'load',
      problem: 'takes one argument',
      expected: 'a name or an object with options',
    });
  }
  const options = checkOptions<LoadOptions>(typeof choice === 'string' ? { model: choice } : choice, loadRules, 'load');
  const { signal, ...kept } = options;
  signal?.throwIfAborted();
  const opening = openReady(kept);
  try {
    return createClassifier(await untilAborted(opening, signal), kept);
  } catch (error) {
    // Nobody will use it; where it could not be opened there is nothing to close.
    opening.then((runner) => runner.close()).catch(() => {});
    throw error;
  }
}

async function openReady({
  threads,
  deterministic,
  lenient,
  fullDecode,
  ...choice
}: ModelChoice & ComputeOptions): Promise<Runner> {
  const runner = await openRunner(choice, { kind: 'thread', threads }, { deterministic, lenient, fullDecode });
  await runner.ready;
  return runner;
}

function createClassifier(runner: Runner, chosen: ModelChoice & ComputeOptions): Classifier {
  const pending = new Set<Promise<unknown>>();
  let ended: Promise<void> | undefined;
  const checkOpen = () => {
    if (ended) throw closedError();
  };
  const embedder = createImageEmbedder(chosen);
  const close = () => {
    ended ??= Promise.allSettled(pending).then(() => {
      runner.close();
      embedder.close();
    });
    return ended;
  };
  /** Closing waits for it. */
  const begin = <T>(image: ImageInput, signal: AbortSignal | undefined, work: (picture: Picture) => Promise<T>) => {
    const input = inputOf(image, signal);
    signal?.throwIfAborted();
    checkOpen();
    const working = fetched(input).then(work);
    const settled: Promise<unknown> = working.catch(() => {}).finally(() => pending.delete(settled));
    pending.add(settled);
    return untilAborted(working, signal);
  };
  return {
    model: runner.model,
    cost: runner.cost,
    async classify(image, options = {}) {
      const { top = DEFAULT_TOP, signal } = checkOptions<ClassifyOptions>(options, classifyRules, 'classify');
      return begin(image, signal, (picture) => runner.classify(picture, { top }));
    },
    async embed(image, options = {}) {
      const { layer, raw = false, signal } = checkOptions<EmbedOptions>(options, embedRules, 'embed');
      return begin(image, signal, (picture) => embedder.embed(picture, layer, raw));
    },
    classifyAll(images, options = {}) {
      const checked = checkOptions<ClassifyAllOptions>(options, classifyAllRules, 'classifyAll');
      checkSource(images);
      const { top = DEFAULT_TOP, signal } = checked;
      const jobs = chooseJobs(checked.jobs, chosen, images);
      return inJobs(jobs, runner, chosen, (each) => classifyImages(images, each, { top, signal, checkOpen }));
    },
    close: () => void close(),
    [Symbol.dispose]: () => void close(),
    [Symbol.asyncDispose]: close,
  };
}

function chooseJobs(asked: number | undefined, chosen: ModelChoice & ComputeOptions, images: unknown): number {
  const { threads = 1 } = chosen;
  if (asked !== undefined && asked > 1 && threads > 1) {
    throw new UsageError({ where: `jobs ${asked}`, problem: `cannot be combined with threads ${threads}` });
  }
  const areFew = Array.isArray(images) && images.length <= MOST_ON_THIS_THREAD;
  return asked ?? (threads > 1 || areFew ? 1 : Math.min(availableParallelism(), MOST_THREADS));
}

/** Runs on the classifier's own thread, or in lanes that are there as long as they are needed. */
async function* inJobs<T>(
  jobs: number,
  own: Runner,
  { threads: _, deterministic, lenient, fullDecode, ...choice }: ModelChoice & ComputeOptions,
  run: (runner: Runner) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  if (jobs === 1) return yield* run(own);
  const lanes = await openRunner(choice, { kind: 'lanes', lanes: jobs }, { deterministic, lenient, fullDecode });
  try {
    yield* run(lanes);
  } finally {
    lanes.close();
  }
}

/** A stream is read while other images are run. */
async function fetched({ fetch, ...known }: Input): Promise<Picture> {
  return fetch ? { ...known, ...(await fetchContent(fetch)) } : known;
}
