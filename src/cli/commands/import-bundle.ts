import { exitCodes } from '../../errors/errors.js';
import { jsonDocument } from '../../report/json.js';
import {
  failureCounts,
  failureRecord,
  failureText,
  installedCounts,
  presentText,
  sizeOf,
} from '../../report/pull-text.js';
import { type BundleOutcome, importBundle } from '../../use-cases/import-bundle.js';

/** `mobilenet import --bundle`: what succeeds on stdout, what fails on stderr, as it comes. */
export async function runImportBundle(
  folder: string,
  { json, replace }: { readonly json: boolean; readonly replace: boolean },
): Promise<void> {
  const outcomes: BundleOutcome[] = [];
  for await (const outcome of importBundle(folder, { replace })) {
    outcomes.push(outcome);
    if ('error' in outcome) process.stderr.write(`mobilenet: ${failureText(outcome)}\n`);
    else if (!json) process.stdout.write(textOf(outcome));
  }
  const failed = outcomes.filter((outcome) => 'error' in outcome);
  if (failed.length > 0) process.exitCode = exitCodes.model;
  const models = outcomes.filter((outcome) => 'model' in outcome);
  const count = models.filter(({ isNew }) => isNew).length;
  if (!json) {
    const parts = [...installedCounts(count, models.length - count), ...failureCounts(failed)];
    process.stdout.write(`${parts.join(', ')}\n`);
    return;
  }
  process.stdout.write(
    jsonDocument({
      bundle: folder,
      models: models.map(({ model, isNew }) => ({ model, installed: isNew })),
      failed: failed.map(failureRecord),
    }),
  );
}

function textOf({ name, model, isNew }: Extract<BundleOutcome, { readonly model: unknown }>): string {
  return isNew ? `${name} installed (${sizeOf(model)})\n` : presentText(model);
}
