import { Command } from 'commander';
import { listOf } from '../../domain/option-rules.js';
import { UsageError } from '../../errors/errors.js';
import { jsonDocument } from '../../report/json.js';
import { pulledText } from '../../report/pull-text.js';
import type { CatalogQuery } from '../../store/catalog.js';
import type { Pulled, PullOptions } from '../../use-cases/pull.js';
import { addHelpEnd } from '../options/help-end.js';
import { alpha, json, networkWords, quiet, resolution } from '../options/model-options.js';
import { flag, oneOf, positiveNumber, text, wholeNumber, withDefault } from '../options/option-kinds.js';
import { addOptions, type OptionValues, readOptions } from '../options/option-table.js';
import { startDownloadProgress } from '../terminal/download-progress.js';

const options = {
  alpha,
  resolution,
  dtype: oneOf(
    '--dtype <type>',
    'f32: floats; int8: quantised, a quarter of the size (%s; default: int8 if it is published)',
    ['f32', 'int8'],
  ),
  all: flag('--all', 'all published models that fit, not only the preferred one'),
  from: text('--from <place>', 'a file or URL that has the same weights'),
  mirror: text(
    '--mirror <url>',
    'download from this host: it has https://HOST/PATH as URL/HOST/PATH (default: $MOBILENET_MIRROR)',
  ),
  to: text('--to <folder>', 'write a bundle to carry to another machine, for import --bundle; installs nothing'),
  force: flag('--force', 'download again, even if the model is installed or its hash is not the one seen first'),
  timeout: withDefault(
    positiveNumber('--timeout <seconds>', 'give up if a server sends nothing for this many seconds'),
    30,
  ),
  tries: withDefault(wholeNumber('--tries <count>', 'how often to try each address', { most: 100 }), 4),
  json,
  quiet,
};

/** `mobilenet pull MODEL…` */
export function pullCommand(): Command {
  const command = new Command('pull')
    .description('Download published weights and install them.')
    .argument('<model...>', `${listOf(networkWords)}, or names that “mobilenet models” lists`);
  addOptions(command, options);
  return addHelpEnd(command, {
    notes:
      'Models are stored in the user’s cache folder or in $MOBILENET_HOME (“mobilenet models path” prints it). A download' +
      '\nis installed only if its SHA-256 is the published one; where none is published, it must be the one seen first.' +
      '\nRespects HTTP_PROXY, HTTPS_PROXY and NO_PROXY.',
    examples: [
      'mobilenet pull mobilenet_v1 --alpha 0.5 --res 160',
      'mobilenet pull --all mobilenet_v1 --dtype int8 --to usb/models',
      'mobilenet pull xception --mirror https://models.example',
    ],
  }).action(async (models: string[]) => {
    const values = readOptions(command, options);
    refuseTogether(models, values);
    const { alpha, resolution, dtype, timeout, tries, from, mirror, to, force = false, json = false, quiet } = values;
    const query = { alpha, resolution, dtype };
    const limits = { idleMs: timeout * 1000, attempts: tries };
    const how = { from, mirror, limits, isSilent: json || quiet === true, ...(force && { force }) };
    if (models.length === 1 && !values.all && to === undefined) {
      const pulled = await runPull({ model: models[0]!, ...query }, how);
      process.stdout.write(json ? jsonDocument(pulled) : pulledText(pulled));
      return;
    }
    const { runPullSeveral } = await import('./pull-several.js');
    await runPullSeveral({ models, all: values.all ?? false, ...query }, { json, to, ...how });
  });
}

function refuseTogether(models: readonly string[], { from, mirror, all, to }: OptionValues<typeof options>): void {
  const wrong = (where: string, problem: string): UsageError => new UsageError({ where, problem });
  if (from !== undefined && (models.length > 1 || all)) throw wrong('--from', 'takes one model');
  if (from !== undefined && mirror !== undefined) throw wrong('--mirror', 'not possible together with --from');
  if (to?.trim() === '') throw new UsageError({ where: '--to', problem: 'empty', expected: 'a folder' });
}

/** Downloads one model, with progress on stderr unless `isSilent`. */
export async function runPull(
  query: CatalogQuery,
  { isSilent, ...pullOptions }: PullOptions & { readonly isSilent: boolean },
): Promise<Pulled> {
  const { chooseEntry, pull } = await import('../../use-cases/pull.js');
  const progress = await startDownloadProgress(chooseEntry(query).name, isSilent);
  try {
    return await pull(query, { ...pullOptions, onProgress: progress.report, onWait: progress.wait });
  } finally {
    progress.stop();
  }
}

/** Downloads what classifies at the resolution: weights that were trained at it, or else at another. */
export async function pullToRun(query: CatalogQuery, isSilent: boolean): Promise<void> {
  const { withPublishedResolution } = await import('../../use-cases/pull.js');
  await runPull(withPublishedResolution(query), { isSilent });
}
