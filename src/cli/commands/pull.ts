import { Command } from 'commander';
import { listOf } from '../../domain/option-rules.js';
import { printable } from '../../errors/printable.js';
import { jsonDocument } from '../../report/json.js';
import { sizeText } from '../../report/units.js';
import type { CatalogQuery } from '../../store/catalog.js';
import type { Pulled, PullOptions } from '../../use-cases/pull.js';
import { addHelpEnd } from '../options/help-end.js';
import { alpha, json, quiet, resolution, trainedNetworks } from '../options/model-options.js';
import { flag, oneOf, positiveNumber, text, wholeNumber, withDefault } from '../options/option-kinds.js';
import { addOptions, readOptions } from '../options/option-table.js';
import { startDownloadProgress } from '../terminal/download-progress.js';

const options = {
  alpha,
  resolution,
  dtype: oneOf(
    '--dtype <type>',
    'f32: floats; int8: quantised, a quarter of the size (%s; default: int8 if it is published)',
    ['f32', 'int8'],
  ),
  from: text('--from <place>', 'a file or URL that has the same weights'),
  force: flag('--force', 'download again, even if the model is installed or its hash is not the one seen first'),
  timeout: withDefault(
    positiveNumber('--timeout <seconds>', 'give up if a server sends nothing for this many seconds'),
    30,
  ),
  tries: withDefault(wholeNumber('--tries <count>', 'how often to try each address', { most: 100 }), 4),
  json,
  quiet,
};

/** `mobilenet pull MODEL` */
export function pullCommand(): Command {
  const command = new Command('pull')
    .description('Download published weights and install them.')
    .argument('<model>', `${listOf(trainedNetworks)}, or a name that “mobilenet models” lists`);
  addOptions(command, options);
  return addHelpEnd(command, {
    notes:
      'Models are stored in the user’s cache folder or in $MOBILENET_HOME (“mobilenet models path” prints it). A download' +
      '\nis installed only if its SHA-256 is the published one; where none is published, it must be the one seen first.' +
      '\nRespects HTTP_PROXY, HTTPS_PROXY and NO_PROXY.',
    examples: [
      'mobilenet pull mobilenet_v1 --alpha 0.5 --res 160',
      'mobilenet pull mobilenet_v2 --dtype f32',
      'mobilenet pull xception',
    ],
  }).action(async (model: string) => {
    const {
      alpha,
      resolution,
      dtype,
      from,
      force,
      timeout,
      tries,
      json = false,
      quiet = false,
    } = readOptions(command, options);
    const limits = { idleMs: timeout * 1000, attempts: tries };
    const query = { model, alpha, resolution, dtype };
    const pulled = await runPull(query, { isSilent: json || quiet, from, limits, ...(force && { force }) });
    process.stdout.write(json ? jsonDocument(pulled) : pulledText(pulled));
  });
}

/** Downloads one model, with progress on stderr unless `isSilent`. */
export async function runPull(
  query: CatalogQuery,
  { isSilent, ...pullOptions }: PullOptions & { readonly isSilent: boolean },
): Promise<Pulled> {
  const { chooseEntry, pull } = await import('../../use-cases/pull.js');
  const progress = await startDownloadProgress(chooseEntry(query).name, isSilent);
  try {
    const { entry: _, ...pulled } = await pull(query, {
      ...pullOptions,
      onProgress: progress.report,
      onWait: progress.wait,
    });
    return pulled;
  } finally {
    progress.stop();
  }
}

function pulledText({ model, fetched }: Pulled): string {
  const { name, weights, origin } = model;
  const size = sizeText(weights.bytes);
  if (!fetched) return `${name} is already installed (${size})\n`;
  const hash = origin.hash === 'published' ? 'as published' : 'none is published; recorded for the next download';
  return `${name} installed (${size}) from ${printable(origin.address)}\nSHA-256 ${origin.sha256} (${hash})\n`;
}
