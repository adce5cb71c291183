import type { ModelRequest } from '../domain/model-choice.js';
import { UsageError } from '../errors/errors.js';
import { findBundledModel, openBundled } from './bundled.js';
import { makeModel } from './make-model.js';
import type { Model, ModelSource } from './model.js';

/**
 * Takes the model from the files given, or finds it among the bundled ones, or among those installed.
 *
 *     choice ─ weights? ─→ from-files.ts ─┐
 *            ─ bundled? ─→ bundled.ts    ─┼→ ModelSource ─→ make-model.ts → Model
 *            ─ else     ─→ installed.ts  ─┘
 *
 * Weights that were trained at the resolution asked for go before bundled ones of another.
 *
 * @throws UsageError for an unknown network or options that contradict the files, ModelError where weights are missing
 * (`model-not-installed` where they can be pulled), damaged or unsuitable
 */
export async function chooseModel(choice: ModelRequest = {}): Promise<Model> {
  refuseTwoArithmetics(choice);
  return makeModel(await findSource(choice), choice);
}

async function findSource(choice: ModelRequest): Promise<ModelSource> {
  if (choice.weights?.length) {
    const { openFiles } = await import('./from-files.js');
    return openFiles(choice.weights, choice);
  }
  refuseFileOptions(choice);
  const bundled = findBundledModel(choice);
  const { resolution } = choice;
  if (bundled && (resolution === undefined || bundled.card.resolution === resolution)) return openBundled(bundled);
  // Apart, as most starts need none of it.
  const { findTrainedAt, findInstalledModel, openInstalled } = await import('./installed.js');
  const exact = findTrainedAt(choice);
  if (bundled && !exact) return openBundled(bundled, resolution);
  return openInstalled(exact ?? findInstalledModel(choice), choice);
}

function refuseTwoArithmetics({ exact, fast, dtype }: ModelRequest): void {
  if (exact !== true) return;
  const other = fast ? '--fast, which computes in floats' : dtype === 'f32' && '--dtype f32';
  if (other) throw new UsageError({ where: '--exact', problem: `cannot be combined with ${other}` });
}

/** What a bundled or installed model takes and gives is known. */
function refuseFileOptions(choice: ModelRequest): void {
  const names = { input: '--input', mean: '--mean', std: '--std', outputName: '--output-name' } as const;
  const [, option] = Object.entries(names).find(([name]) => choice[name as keyof typeof names] !== undefined) ?? [];
  if (option === undefined) return;
  throw new UsageError({
    where: option,
    problem: 'needs --weights',
    remedy: 'for an installed model, give it to mobilenet import',
  });
}
