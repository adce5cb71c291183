import { type Command, Option } from 'commander';
import { printable } from '../../errors/printable.js';

/** All that there is to say about one option. `T`: what its text becomes. */
export interface OptionRow<T> {
  /** As commander reads them: `--top <count>`. */
  readonly flags: string;
  readonly help: string;
  /**
   * The value of the text behind the option; left out for an option without a value.
   * @param where the option with its text, for messages
   * @param previous the value so far, of an option that is repeated
   * @throws UsageError for a text that means nothing
   */
  readonly parse?: (text: string, where: string, previous: T | undefined) => T;
  /** Words that its value may be, for completion in shells. */
  readonly choices?: readonly string[];
  /** The command cannot do without it. */
  readonly isRequired?: boolean;
  readonly default?: T;
}

/** A row whose option always has a value. */
export type RowWithValue<T> = OptionRow<T> & ({ readonly isRequired: true } | { readonly default: T });

/** The options of a command, by the names that the code has for their values. */
// biome-ignore lint/suspicious/noExplicitAny: each row has a type of its own
export type OptionTable = Readonly<Record<string, OptionRow<any>>>;

type ValueOf<Row> = Row extends OptionRow<infer T> ? T : never;
type NamesWithValue<Table> = {
  [Name in keyof Table]: Table[Name] extends { readonly isRequired: true } | { readonly default: unknown }
    ? Name
    : never;
}[keyof Table];

/** What a command line says by a table: options that are always set, and those that were given. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in NamesWithValue<Table>]: ValueOf<Table[Name]>;
} & {
  readonly [Name in Exclude<keyof Table, NamesWithValue<Table>>]?: ValueOf<Table[Name]>;
};

/** Adds the options of a table; `heading`: what the help prints above them. */
export function addOptions(command: Command, table: OptionTable, heading?: string): Command {
  if (heading !== undefined) command.optionsGroup(heading);
  for (const [name, row] of Object.entries(table)) {
    const option = new TableOption(name, row);
    const { parse } = row;
    if (parse) {
      option.argParser((text, previous) => parse(text, `${option.long} ${printable(text)}`, previous));
    }
    if (row.default !== undefined && !option.negate) option.default(row.default, String(row.default));
    option.makeOptionMandatory(row.isRequired ?? false);
    command.addOption(option);
  }
  return command;
}

/** The values of a table's options, after the command line was parsed. */
export function readOptions<Table extends OptionTable>(command: Command, table: Table): OptionValues<Table> {
  const found: Record<string, unknown> = command.opts();
  const values = Object.entries(table).map(([name, row]) => [name, found[name] ?? row.default] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as OptionValues<Table>;
}

/** Its value has the name that the table has for it: `--no-model` and `--model` are two options. */
export class TableOption extends Option {
  readonly row: OptionTable[string];
  readonly #name: string;

  constructor(name: string, row: OptionTable[string]) {
    super(row.flags, row.help);
    this.#name = name;
    this.row = row;
  }

  override attributeName(): string {
    return this.#name;
  }
}

/** Of values that were read those of one table. */
export function pick<Table extends OptionTable>(values: OptionValues<Table>, table: Table): OptionValues<Table> {
  const names = Object.keys(table).filter((name) => name in values);
  return Object.fromEntries(names.map((name) => [name, values[name as keyof typeof values]])) as OptionValues<Table>;
}
