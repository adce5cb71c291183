import { Command, Option } from 'commander';
import { printable } from '../errors/printable.js';
import type { Pulled } from '../use-cases/pull.js';
import { parseNumber, parseWhole } from './options.js';
import { startProgress } from './progress.js';

export interface PullFlags {
  readonly alpha?: string;
  readonly res?: string;
  readonly dtype?: 'f32' | 'int8';
  readonly from?: string;
  readonly force?: boolean;
  readonly timeout?: string;
  readonly tries?: string;
  readonly json?: boolean;
}

/** `mobilenet pull MODEL` */
export function pullCommand(): Command {
  return new Command('pull')
    .description('Fetch published weights and keep them for classify --model.')
    .argument('<model>', 'a network (mobilenet_v1, mobilenet_v2, xception) or a name that mobilenet models lists')
    .option('--alpha <number>', 'width multiplier')
    .option('--res <pixels>', 'side of the network’s input')
    .addOption(
      new Option(
        '--dtype <type>',
        'int8: quantised, a quarter of the size; without it int8 where there is one',
      ).choices(['f32', 'int8']),
    )
    .option('--from <place>', 'a file or an address that has the same weights')
    .option('--force', 'fetch again what is there; take a file other than the one that came first')
    .option('--timeout <seconds>', 'give up a server that is silent for so long', '30')
    .option('--tries <count>', 'tries of each address', '4')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nWeights go to the platform’s folder for caches, or to $MOBILENET_HOME. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are' +
        '\nminded. A file is used only if its hash is the published one, or else the one that came first.',
    )
    .action(async (model: string, flags: PullFlags) => {
      const pulled = await runPull(model, flags);
      process.stdout.write(flags.json ? `${JSON.stringify(pulled, null, 2)}\n` : pulledText(pulled));
    });
}

/** Fetches one model, with progress on stderr. Throws UsageError for a value that makes no sense. */
export async function runPull(model: string, flags: PullFlags): Promise<Pulled> {
  const alpha = parseNumber('--alpha', flags.alpha);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels');
  const timeout = parseNumber('--timeout', flags.timeout);
  const attempts = parseWhole('--tries', flags.tries, 'a whole number from 1 to 100', 100);
  const { chooseEntry, pull } = await import('../use-cases/pull.js');
  const query = { model, alpha, resolution, dtype: flags.dtype };
  const progress = await startProgress(chooseEntry(query).name, flags.json ?? false);
  try {
    const { entry: _entry, ...pulled } = await pull(query, {
      from: flags.from,
      force: flags.force ?? false,
      limits: { ...(timeout !== undefined && { idleMs: timeout * 1000 }), ...(attempts !== undefined && { attempts }) },
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
  const size = `${(weights.bytes / 1e6).toFixed(2)} MB`;
  if (!fetched) return `${name} is there already (${size})\n`;
  const hash = origin.hash === 'published' ? 'as published' : 'first seen, nobody publishes one';
  return `${name} (${size}) from ${printable(origin.address)}\nsha-256 of the file ${origin.sha256}, ${hash}\n`;
}
