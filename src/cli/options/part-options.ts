import { packageVersion } from '../../files/package-files.js';
import type { Shard } from '../../inputs/shard.js';
import type { PartRequest } from '../../use-cases/write-batch.js';
import type { OptionTable, OptionValues } from './option-table.js';

/** Options that change no row: where rows go, how fast, and what the exit code is. */
const CHANGE_NO_ROW = new Set([
  ...['jobs', 'threads', 'timeout', 'pull', 'nul', 'nulInput', 'nulOutput', 'shard'],
  ...['output', 'overwrite', 'resume', 'progress', 'quiet', 'allowFailures', 'strict', 'format'],
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
  const options = Object.entries(table)
    .filter(([name, row]) => !CHANGE_NO_ROW.has(name) && name !== 'filesFrom' && values[name] !== row.default)
    .map(([name, { flags: text }]) => [/--[\w-]+/.exec(text)![0], values[name]] as const);
  return {
    options: Object.fromEntries(shard ? [...options, ['inputs', names]] : options),
    version: packageVersion(),
    ...(shard && { shard }),
  };
}
