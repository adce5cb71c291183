import type { Argument, Command, Option } from 'commander';
import type { LateCommand } from '../commands/cost.js';
import { type HelpEnd, helpEndOf } from '../options/help-end.js';
import { trainedNetworks } from '../options/model-options.js';
import type { TableOption } from '../options/option-table.js';

export interface OptionReference {
  /** `-k`, `--top` */
  readonly short?: string;
  readonly long: string;
  /** What its value is called, for an option with one: `count`. */
  readonly value?: string;
  /** Words that the value may be. */
  readonly choices: readonly string[];
  readonly help: string;
  /** What the help prints above it. */
  readonly heading?: string;
}

export interface ArgumentReference {
  /** `<file>`, `[file...]` */
  readonly term: string;
  readonly help: string;
  readonly choices: readonly string[];
}

/** A command as its help describes it, for a man page and for shells. */
export interface CommandReference extends HelpEnd {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentReference[];
  readonly options: readonly OptionReference[];
  readonly commands: readonly CommandReference[];
}

export async function readReference(given: Command): Promise<CommandReference> {
  const name = given.name();
  const command = (await (given as LateCommand).load?.()) ?? given;
  const help = command.createHelp();
  return {
    name,
    summary: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      term: termOf(argument),
      help: argument.description,
      choices: argument.argChoices ?? (argument.name() === 'model' ? trainedNetworks : []),
    })),
    options: help.visibleOptions(command).map((option) => readOption(option, help.optionDescription(option))),
    commands: await Promise.all(command.commands.map((each) => readReference(each))),
    ...(helpEndOf(command) ?? { examples: [] }),
  };
}

/** As a usage line has it. */
function termOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function readOption(option: Option & Partial<Pick<TableOption, 'row'>>, help: string): OptionReference {
  const [, value] = /[<[](.*)[>\]]/.exec(option.flags) ?? [];
  const isModel = option.long === '--model';
  return {
    long: option.long!,
    help,
    choices: option.row?.choices ?? (isModel ? trainedNetworks : []),
    ...(option.short !== undefined && { short: option.short }),
    ...(value !== undefined && { value }),
    ...(option.helpGroupHeading !== undefined && { heading: option.helpGroupHeading }),
  };
}

/** Whether the name of a value says that it is a file. */
export function isFileName(value: string): boolean {
  return /file|folder|part|list/.test(value);
}
