import { cost } from './cost/cost.js';
import { createSession } from './engine/session.js';
import { MobilenetError } from './errors.js';
import { prepareImage } from './images/prepare.js';
import { chooseModel, type Model, type ModelChoice } from './model.js';
import type { CostFacts, ModelFacts, Prediction, Timing } from './report/records.js';

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
   * Rejects with ImageError for a picture that cannot be read.
   */
  classify(picture: string | Uint8Array, options?: ClassifyOptions): Promise<Classification>;
  /** Lets go of the weights and the memory; `classify` rejects from here on. */
  close(): void;
}

/**
 * Loads a model: a network's id, or a choice of network, α, resolution or files; MobileNetV2 1.0 at 224 by default.
 * Rejects with ModelError where weights are missing or damaged, UsageError for an unknown network.
 */
export async function load(choice: string | ModelChoice = {}): Promise<Classifier> {
  const classifier = await open(choice);
  await classifier.ready;
  return classifier;
}

/**
 * Like `load`, but comes back as soon as it is known what will run, so that the first picture is decoded while the
 * weights are read. A fault in the weights shows in `ready` and in every `classify`.
 */
export async function open(choice: string | ModelChoice): Promise<Classifier & { readonly ready: Promise<void> }> {
  const model = await chooseModel(typeof choice === 'string' ? { model: choice } : choice);
  let loading: Promise<Loaded> | undefined = loadParts(model);
  // Reported by whoever awaits it; until then it must not count as unhandled.
  loading.catch(() => {});
  const { macs, flops, params } = cost(model.network);
  return {
    model: model.facts,
    cost: { macs, flops, params: params.trainable },
    ready: loading.then(() => {}),
    async classify(picture, { top = 5 } = {}) {
      if (!loading) throw new MobilenetError('closed', 70, 'classify: the classifier was closed, expected an open one');
      const { resolution } = model.preprocessing;
      const prepared = new Float32Array(resolution * resolution * 3);
      const start = performance.now();
      await prepareImage(picture, model.preprocessing, prepared);
      const decoded = performance.now();
      const { session, labels } = await loading;
      const started = performance.now();
      session.input.set(prepared);
      const probabilities = session.run();
      const run = performance.now() - started;
      return { predictions: rank(probabilities, labels, top), ms: { decode: decoded - start, run } };
    },
    close() {
      loading = undefined;
    },
  };
}

type Loaded = Awaited<ReturnType<typeof loadParts>>;

async function loadParts(model: Model) {
  // Let the caller start decoding first.
  await null;
  const session = await createSession(model.network, model.readWeights(), model.epsilon);
  return { session, labels: model.readLabels() };
}

/** The most probable classes, ties by index. */
function rank(probabilities: Float32Array, labels: ReturnType<Model['readLabels']>, top: number): Prediction[] {
  return Array.from(probabilities, (probability, index) => ({ probability, index }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, top)
    .map(({ probability, index }) => {
      const { id, name } = labels[index]!;
      return { index, id: id ?? null, label: name, probability: Math.round(probability * 1e6) / 1e6 };
    });
}
