import { Command } from 'commander';
import { addOptions, type OptionTable, type OptionValues, readOptions } from '../../src/cli/options/option-table.js';

/** Options as a user would type them: `{ flopsPerMac: '2', json: true }` is `--flops-per-mac=2 --json`. */
export type TypedFlags = Readonly<Record<string, string | boolean | undefined>>;

/** What a command line with these options says by a table. Throws UsageError as the command does. */
export function parseFlags<Table extends OptionTable>(table: Table, flags: TypedFlags): OptionValues<Table> {
  const args = Object.entries(flags).flatMap(([name, value]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === undefined || value === false) return [];
    return [value === true ? option : `${option}=${value}`];
  });
  const command = addOptions(new Command('test'), table).exitOverride();
  command.parse(args, { from: 'user' });
  return readOptions(command, table);
}
