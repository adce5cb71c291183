import type { ModelChoice } from '../domain/model-choice.js';
import { normaliseVector } from '../domain/vector-space.js';
import { chooseModel } from '../models/choose.js';
import { layerOf } from '../models/features.js';
import { openModel } from '../runners/open.js';
import type { OnThisThread, Picture, Runner, RunnerOptions } from '../runners/types.js';

/** Gives vectors of single pictures. */
export interface ImageEmbedder {
  /**
   * @param layer by default the features before the classifier
   * @param raw not normalised
   * @throws UsageError for a layer that there is not, errors of the picture
   */
  embed(picture: Picture, layer: string | undefined, raw: boolean): Promise<Float32Array<ArrayBuffer>>;
  close(): void;
}

type EmbedderOptions = ModelChoice &
  Pick<OnThisThread, 'threads'> &
  Pick<RunnerOptions, 'deterministic' | 'lenient' | 'fullDecode'>;

interface Opened {
  readonly runner: Runner;
  readonly layer: string;
}

/** Opens a runner for each layer that is asked for, the first time that it is. */
export function createImageEmbedder(options: EmbedderOptions): ImageEmbedder {
  const { threads, deterministic, lenient, fullDecode, ...choice } = options;
  const opened = new Map<string | undefined, Promise<Opened>>();
  async function open(asked: string | undefined): Promise<Opened> {
    const model = await chooseModel(choice);
    const layer = layerOf(model, asked);
    const kept = { deterministic, lenient, fullDecode, keep: [layer] };
    const runner = await openModel(model, { kind: 'thread', threads }, kept);
    return { runner, layer };
  }
  return {
    async embed(picture, asked, raw) {
      const opening = opened.get(asked) ?? open(asked);
      opened.set(asked, opening);
      const { runner, layer } = await opening;
      const { maps } = await runner.classify(picture, { top: 1 });
      const vector = maps!.get(layer)!;
      if (!raw) normaliseVector(vector);
      return vector;
    },
    close() {
      for (const opening of opened.values()) opening.then(({ runner }) => runner.close()).catch(() => {});
    },
  };
}
