import { rename, rm, writeFile } from 'node:fs/promises';
import type { Label } from '../domain/label.js';
import type { ModelChoice } from '../domain/model-choice.js';
import { ModelError } from '../errors/errors.js';
import { describeWriteError } from '../errors/file-errors.js';
import { chooseModel } from '../models/choose.js';
import { defaultLabels } from '../models/make-model.js';
import { modelToSafetensors } from '../models/model-to-safetensors.js';

/**
 * Writes a bundled or installed model, at its resolution or the one chosen, as one safetensors file that says everything that running it needs: the
 * project's names and layouts, batch norms as they are stored. `mobilenet classify --weights` and `import` take it.
 * @throws ModelError where the model is not there or damaged, `model-file` where the file cannot be written
 */
export async function exportModel(choice: string | ModelChoice, path: string): Promise<{ readonly bytes: number }> {
  const model = await chooseModel(typeof choice === 'string' ? { model: choice } : choice);
  const { network, epsilon, preprocessing, facts } = model;
  const trained = facts.trainedResolution ?? undefined;
  const labels = ownLabels(model.readLabels(), network.classes);
  const bytes = modelToSafetensors(network, model.readWeights(), epsilon, preprocessing, trained, labels);
  const temporary = `${path}.${process.pid}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new ModelError('model-file', { where: path, problem: describeWriteError(cause) }, { cause });
  }
  return { bytes: bytes.length };
}

/** Undefined for those that a reader of the file assumes. */
function ownLabels(labels: readonly Label[], classes: number): readonly Label[] | undefined {
  return JSON.stringify(labels) === JSON.stringify(defaultLabels(classes)) ? undefined : labels;
}
