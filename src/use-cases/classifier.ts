import { availableParallelism } from 'node:os';
import { costTotals } from '../cost/cost.js';
import type { CostFacts, ModelFacts, Prediction, Timing } from '../domain/classification.js';
import { MOST_THREADS } from '../domain/defaults.js';
import type { Label } from '../domain/label.js';
import { describe, findTop } from '../domain/rank.js';
import { loadPixelKernels } from '../engine/pixels.js';
import { createSession, type SessionOptions } from '../engine/session.js';
import { MobilenetError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import type { DecodeOptions } from '../images/decode.js';
import { prepareImage } from '../images/prepare.js';
import { chooseModel } from '../models/choose.js';
import type { ExactModel, Model, ModelChoice } from '../models/model.js';
import { packedStore } from '../models/packed-files.js';
import { storeHome } from '../store/home.js';

/** A model and how to run it. */
export interface LoadOptions extends ModelChoice {
  /**
   * Threads that share the work of each picture, 1 to 64; 1 where nothing is said. The predictions are the same with any
   * number. With more than one, `close` ends them; they do not keep the process alive.
   */
  readonly threads?: number;
  /**
   * The same last digits on every runtime. Otherwise they follow from whether it can multiply and add in one step, which is
   * faster.
   */
  readonly deterministic?: boolean;
}

export interface ClassifyOptions {
  /** How many predictions to give, most probable first; 5 where nothing is said. */
  readonly top?: number;
}

export interface Classification {
  readonly predictions: readonly Prediction[];
  readonly ms: Timing;
}

/** A model in memory. Pictures may be handed in before the previous one is done. */
export interface Classifier {
  readonly model: ModelFacts;
  readonly cost: CostFacts;
  /**
   * Says what is in a picture: a file's path, or the bytes of one.
   * Rejects with ImageError for a picture that cannot be read, RuntimeError where one of several threads is gone or the
   * network gives what is no number (`not-finite`).
   */
  classify(picture: string | Uint8Array, options?: ClassifyOptions): Promise<Classification>;
  /**
   * Lets go of the weights, the memory and the threads, once pictures that were handed in before are done; `classify`
   * rejects from here on.
   */
  close(): void;
}

/**
 * Loads a model: a network's id, or a choice of network, α, resolution or files; MobileNetV2 1.0 at 224 by default.
 * Rejects with ModelError where weights are missing or damaged, UsageError for an unknown network or a wrong option.
 */
export async function load(choice: string | LoadOptions = {}): Promise<Classifier> {
  const classifier = await open(choice);
  await classifier.ready;
  return classifier;
}

export interface OpenedClassifier extends Classifier {
  readonly ready: Promise<void>;
  /** One for each class. */
  readLabels(): Promise<readonly Label[]>;
  classify(picture: string | Uint8Array, options?: ClassifyOptions & DecodeOptions): Promise<Classification>;
}

/**
 * Like `load`, but comes back as soon as it is known what will run, so that the first picture is decoded while the
 * weights are read. A fault in the weights shows in `ready` and in every `classify`. Where it is known how many
 * pictures there will be and no number of threads is asked for, there are two of them for much work.
 */
export async function open(choice: string | LoadOptions, pictures?: number): Promise<OpenedClassifier> {
  const {
    threads,
    deterministic = false,
    ...wanted
  }: LoadOptions = typeof choice === 'string' ? { model: choice } : choice;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new UsageError({ where: `threads ${threads}`, expected: `a whole number from 1 to ${MOST_THREADS}` });
  }
  const model = await chooseModel(wanted);
  if (model.exact && threads !== undefined && threads > 1) {
    throw new UsageError({
      where: `threads ${threads}`,
      problem: 'exact integers are computed by one thread',
      expected: '1',
    });
  }
  const { macs, flops, params } = costTotals(model.network);
  const isBrief = pictures !== undefined && pictures <= MOST_UNPACKED;
  let loading: Promise<Loaded> | undefined = loadParts(model, {
    threads: threads ?? threadsThatPay(macs * (pictures ?? 0)),
    deterministic,
    ...(isBrief && model.halfFileBytes !== undefined && { halfFileBytes: model.halfFileBytes }),
    ...(isBrief && model.packedKey !== undefined && { packed: packedStore(storeHome(), model.packedKey) }),
  });
  const pending = new Set<Promise<unknown>>();
  // Reported by whoever awaits it; until then it must not count as unhandled.
  loading.catch(() => {});
  return {
    model: model.facts,
    cost: { macs, flops, params: params.trainable },
    ready: loading.then(() => {}),
    readLabels: async () => model.readLabels(),
    classify(picture, { top = 5, ...decoding } = {}) {
      const classification = loading
        ? classify(picture, model, loading, { top, decoding })
        : Promise.reject(
            new MobilenetError('closed', 70, {
              where: 'classify',
              problem: 'the classifier was closed',
              expected: 'an open one',
            }),
          );
      const settled: Promise<unknown> = classification.catch(() => {}).finally(() => pending.delete(settled));
      pending.add(settled);
      return classification;
    },
    close() {
      const held = loading;
      loading = undefined;
      Promise.all(pending)
        .then(() => held)
        .then(
          (loaded) => {
            if (loaded && 'keep' in loaded.session) loaded.session.keep();
            loaded?.session.close();
          },
          () => {},
        );
    },
  };
}

async function classify(
  picture: string | Uint8Array,
  model: Model,
  loading: Promise<Loaded>,
  { top, decoding }: { readonly top: number; readonly decoding: DecodeOptions },
): Promise<Classification> {
  const { resolution } = model.preprocessing;
  const prepared = new Float32Array(resolution * resolution * 3);
  const start = performance.now();
  await prepareImage(picture, model.preprocessing, prepared, loadPixelKernels(), decoding);
  const decoded = performance.now();
  const { session, labelAt } = await loading;
  const started = performance.now();
  session.input.set(prepared);
  const probabilities = session.run();
  const run = performance.now() - started;
  const name = printable(decoding.name ?? (typeof picture === 'string' ? picture : 'picture'));
  return { predictions: describe(findTop(probabilities, top, name), labelAt), ms: { decode: decoded - start, run } };
}

/**
 * Packing the weights takes about as long as widening them for so many pictures takes more. Up to here integers are taken as
 * an earlier start has packed them.
 */
const MOST_UNPACKED = 4;

/** A second thread starts up for about 25 ms of a core; from about this many multiply-accumulates on that is worth it. */
const MACS_WORTH_A_THREAD = 2e9;

function threadsThatPay(macs: number): number {
  return macs < MACS_WORTH_A_THREAD ? 1 : Math.min(2, availableParallelism());
}

type Loaded = Awaited<ReturnType<typeof loadParts>>;

async function loadParts(model: Model, options: SessionOptions) {
  // Let the caller start decoding first.
  await null;
  const session = model.exact
    ? await openExact(model.exact)
    : await createSession(model.network, (allocate) => model.readWeights(allocate), model.epsilon, {
        ...options,
        ...(model.readLevels && { levels: model.readLevels }),
      });
  return { session, labelAt: model.openLabels?.() ?? asFunction(model.readLabels()) };
}

function asFunction(labels: readonly Label[]): (index: number) => Label {
  return (index) => labels[index]!;
}

async function openExact({ graph, softmaxAdded }: ExactModel) {
  const { createExactSession } = await import('../engine/exact/session.js');
  return createExactSession(graph, { softmax: softmaxAdded });
}
