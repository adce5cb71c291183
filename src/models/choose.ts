import { findBundledModel, openBundled } from './bundled.js';
import { makeModel } from './make-model.js';
import type { Model, ModelChoice, ModelSource } from './model.js';

/**
 * Takes the model from the files given, or finds it among the bundled ones, or among those installed.
 *
 *     choice ─ weights? ─→ from-files.ts ─┐
 *            ─ bundled? ─→ bundled.ts    ─┼→ ModelSource ─→ make-model.ts → Model
 *            ─ else     ─→ installed.ts  ─┘
 *
 * @throws UsageError for an unknown network or options that contradict the files, ModelError where weights are missing
 * (`model-not-installed` where they can be pulled), damaged or unsuitable
 */
export async function chooseModel(choice: ModelChoice = {}): Promise<Model> {
  return makeModel(await findSource(choice), choice);
}

async function findSource(choice: ModelChoice): Promise<ModelSource> {
  if (choice.weights?.length) {
    const { openFiles } = await import('./from-files.js');
    return openFiles(choice.weights, choice);
  }
  const bundled = findBundledModel(choice);
  if (bundled) return openBundled(bundled);
  // Apart, as most starts need none of it.
  const { findInstalledModel, openInstalled } = await import('./installed.js');
  return openInstalled(findInstalledModel(choice), choice);
}
