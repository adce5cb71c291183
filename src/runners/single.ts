import { type LoadOptions, open } from '../use-cases/classifier.js';
import type { Runner, RunnerOptions } from './types.js';

/** A runner on this thread, for a few pictures: nothing has to start up. `pictures`: how many there will be. */
export async function openSingle(
  choice: LoadOptions,
  pictures: number,
  { top, maxPixels }: RunnerOptions,
): Promise<Omit<Runner, 'labels'> & { readLabels(): Promise<Runner['labels']> }> {
  const classifier = await open(choice, pictures);
  // A fault of the model shows in every picture.
  classifier.ready.catch(() => {});
  return {
    model: classifier.model,
    cost: classifier.cost,
    busy: 2,
    readLabels: classifier.readLabels,
    classify: ({ file, path, bytes }) =>
      classifier.classify(bytes ?? file, {
        top,
        name: file,
        maxPixels,
        ...(typeof path !== 'string' && { path }),
      }),
    close: classifier.close,
  };
}
