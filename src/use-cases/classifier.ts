import type { Classification, CostFacts, ModelFacts } from '../domain/classification.js';
import type { ModelChoice } from '../models/model.js';
import { openRunner } from '../runners/open.js';

export type { Classification };

/** A model and how to run it. */
export interface LoadOptions extends ModelChoice {
  /**
   * Threads that share the work of each picture, 1 to 64; 1 by default. The predictions are the same with any number. With
   * more than one, `close` ends them; they do not keep the process alive.
   */
  readonly threads?: number;
  /**
   * The same last digits on every runtime. Otherwise they follow from whether it can multiply and add in one step, which is
   * faster.
   */
  readonly deterministic?: boolean;
}

export interface ClassifyOptions {
  /** How many predictions to give, most probable first; 5 by default. */
  readonly top?: number;
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
  const options: LoadOptions = typeof choice === 'string' ? { model: choice } : choice;
  const { threads, deterministic, ...wanted } = options;
  const runner = await openRunner(wanted, { kind: 'thread', threads }, { deterministic });
  await runner.ready;
  return {
    model: runner.model,
    cost: runner.cost,
    classify: (picture, { top } = {}) =>
      runner.classify(
        typeof picture === 'string' ? { file: picture, path: picture } : { file: 'picture', path: '', bytes: picture },
        { top },
      ),
    close: () => runner.close(),
  };
}
