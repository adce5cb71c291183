import { classifyAll, originOf } from '../batch/run.js';
import type { StopSignal } from '../batch/stop.js';
import { tasksToDo } from '../batch/tasks-to-do.js';
import type { Outcome, Task } from '../batch/types.js';
import type { FailedRecord, Origin, PictureFacts, PictureSize, Timing } from '../domain/classification.js';
import { NOT_FINITE } from '../domain/rank.js';
import type { VectorSpace } from '../domain/vector-space.js';
import { formatError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import type { Input } from '../inputs/types.js';
import { layerOf, spaceOf } from '../models/features.js';
import type { Model } from '../models/model.js';
import { openCachedRunner } from './cached-runner.js';
import { type Batch, type BatchHost, type BatchRequest, openBatch, type Progress } from './open-batch.js';

/** Pictures whose vectors are wanted. */
export interface EmbedRequest extends BatchRequest {
  /** The layer whose output is a picture's vector; by default the features before the classifier. */
  readonly layer?: string | undefined;
  /** SHA-256 in each record. */
  readonly hash: boolean;
  /** Vectors that were computed before are taken from the store's folder, and new ones kept there; each record has a SHA-256. */
  readonly cache: boolean;
}

export interface EmbeddedRecord extends Origin, PictureFacts, Partial<PictureSize> {
  readonly ms: Timing;
}

/** What became of one input. */
export interface Embedded {
  readonly input: Input;
  readonly record: EmbeddedRecord | FailedRecord;
  /** As the network gives it, not normalised; left out for an error. */
  readonly vector?: Float32Array<ArrayBuffer>;
}

/** Pictures that were found, and a model that is open to embed them. */
export interface Embedding {
  readonly batch: Batch;
  /** Of vectors as they come, not normalised. */
  readonly space: VectorSpace;
  /** What becomes of each task, in order. */
  embed(tasks: AsyncIterable<Task>, signal: StopSignal): AsyncGenerator<Embedded>;
  close(): void;
}

/**
 * Opens a model to embed pictures.
 * @throws UsageError for a layer that there is not, and as `openBatch`
 */
export async function openEmbedding(
  request: EmbedRequest,
  host: BatchHost,
): Promise<Embedding | { readonly exitCode: number }> {
  // Features are floats: those of a quantised file are computed as such.
  const inFloats = { ...request, choice: { ...request.choice, fast: true } };
  const batch = await openBatch(inFloats, host, (model) => [layerOf(model, request.layer)]);
  if ('exitCode' in batch) return batch;
  const { model, runner } = batch;
  const layer = layerOf(model, request.layer);
  const space = await spaceOf(model, layer);
  const cached = request.cache ? await openCachedRunner(runner, space, request) : undefined;
  return {
    ...{ batch, space },
    async *embed(tasks, signal) {
      const outcomes = classifyAll(tasks, cached ?? runner, { signal, top: 1 });
      for await (const outcome of outcomes) yield embedded(outcome, layer);
    },
    close() {
      cached?.close();
      batch.close();
    },
  };
}

/**
 * The vector of each picture, in order; a broken picture is a record with an error, and the others go on.
 * @param host `onSpace` is told what the vectors are before the first of them; without `runInSecondProcess`, as the vectors
 * are wanted here
 * @throws UsageError, ModelError as `openEmbedding`; RuntimeError where the runner cannot go on
 */
export async function* embedPictures(
  request: EmbedRequest,
  host: Omit<BatchHost, 'runInSecondProcess'> & { readonly onSpace?: (space: VectorSpace, model: Model) => void },
): AsyncGenerator<Embedded, void, undefined> {
  const embedding = await openEmbedding(request, host);
  if ('exitCode' in embedding) return;
  const { batch, space, embed } = embedding;
  const signals = host.listenForSignals();
  let progress: Progress | undefined;
  let done = 0;
  try {
    host.onSpace?.(space, batch.model);
    progress = await host.startProgress(batch.total);
    const tasks = tasksToDo(batch.inputs, { meta: true, hash: request.hash || request.cache });
    for await (const picture of embed(tasks, signals.signal)) {
      progress.clear();
      yield picture;
      progress.progress(++done);
    }
  } finally {
    progress?.stop();
    signals.stop();
    embedding.close();
  }
}

function embedded({ input, record, maps, size }: Outcome, layer: string): Embedded {
  if ('error' in record) return { input, record };
  const { predictions: _, ms, ...known } = record;
  const vector = maps!.get(layer)!;
  const wrong = vector.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return { input, record: { ...known, ...size, ms }, vector };
  const message = formatError({
    where: printable(input.file),
    problem: `layer ${layer} gives ${wrong}`,
    expected: 'numbers',
  });
  return { input, record: { ...originOf(input), error: { code: NOT_FINITE, message } } };
}
