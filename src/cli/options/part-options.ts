import { packageVersion } from '../../files/package-files.js';
import type { Shard } from '../../inputs/shard.js';
import type { PartRequest } from '../../use-cases/write-batch.js';
import type { OptionTable, OptionValues } from './option-table.js';

/** Options that change no row: where rows go, how fast, and what the exit code is. */
const CHANGE_NO_ROW = new Set([
  ...['jobs', 'threads', 'timeout', 'pull', 'nul', 'nulInput', 'nulOutput', 'shard', 'long'],
  ...['output', 'overwrite', 'resume', 'progress', 'quiet', 'allowFailures', 'strict', 'format'],
]);

/** Options that change no row of an image which has one, so that a run which resumes another may have others. */
const MAY_CHANGE = new Set([
  // Which images there are.
  ...['recursive', 'hidden', 'include', 'exclude', 'stdinName', 'allowUrl', 'reportSkipped'],
  // Rows that would be others are made again.
  ...['hash', 'lenient', 'maxPixels'],
  // The model that they lead to is compared.
  ...['model', 'alpha', 'resolution', 'dtype', 'exact', 'fast'],
]);

/**
 * What is said of a finished output: all options but those that change no row, so that a new option is among them. Arguments are
 * among them only where they are split into shards: otherwise each part has its own.
 */
export function readPart<Table extends OptionTable>(
  names: readonly string[],
  flags: OptionValues<Table>,
  table: Table,
): PartRequest {
  const values = flags as Readonly<Record<string, unknown>>;
  const { shard } = values as { shard?: Shard };
  const rows = Object.entries(table).map(([name, row]) => ({ name, row, flag: /--[\w-]+/.exec(row.flags)![0] }));
  const options = rows
    .filter(({ name, row }) => !CHANGE_NO_ROW.has(name) && name !== 'filesFrom' && values[name] !== row.default)
    .map(({ name, flag }) => [flag, values[name]] as const);
  return {
    options: Object.fromEntries(shard ? [...options, ['inputs', names]] : options),
    changeable: ['inputs', ...rows.filter(({ name }) => MAY_CHANGE.has(name)).map(({ flag }) => flag)],
    version: packageVersion(),
    ...(shard && { shard }),
  };
}
