import { existsSync } from 'node:fs';
import type { Command, CommanderError } from 'commander';
import { listOf } from '../domain/option-rules.js';
import { type ErrorDetails, exitCodes, UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';

/** By commander's code for an error: the parts of its sentence that vary, and ours. */
const sentences: Readonly<Record<string, readonly [RegExp, (...parts: string[]) => ErrorDetails]>> = {
  'commander.unknownOption': [/option '(.*?)'/s, (where) => ({ where, problem: 'unknown option' })],
  'commander.unknownCommand': [/command '(.*?)'/s, (where) => ({ where, problem: 'unknown command' })],
  'commander.missingArgument': [/argument '(.*)'/, (name) => ({ problem: `missing argument <${name}>` })],
  'commander.missingMandatoryOptionValue': [/option '(.*)' not/, (flags) => ({ problem: `missing option ${flags}` })],
  'commander.optionMissingArgument': [
    /(--\S+) (\S+)' argument/,
    (where, value) => ({ where, problem: `missing ${value}` }),
  ],
};

/** Makes a command throw parser errors as UsageError; the end of `--help` and `--version` stays commander's error. */
export function useOwnErrors(command: Command): Command {
  return command.configureOutput({ outputError: () => {} }).exitOverride((error) => {
    const isHelp = error.exitCode === exitCodes.ok || error.code === 'commander.help';
    throw isHelp ? error : describeParserError(error, command);
  });
}

function describeParserError({ code, message }: CommanderError, command: Command): UsageError {
  const suggestion = /\(Did you mean (?:one of )?(.*)\?\)/.exec(message)?.[1];
  const remedy = suggestion ? `did you mean ${suggestion}?` : `see ${pathOf(command)} --help`;
  if (code === 'commander.excessArguments') {
    const where = command.args[command.registeredArguments.length] ?? '';
    const takesCommand = command.commands.length > 0 && command.registeredArguments.length === 0;
    if (!takesCommand) return new UsageError({ where, problem: 'unexpected argument', remedy });
    const names = command.commands.map((each) => each.name());
    const meant = nearestName(where, names);
    const details = meant === undefined ? { expected: listOf(names) } : { remedy: `did you mean ${meant}?` };
    return new UsageError({ where, problem: 'unknown command', ...details });
  }
  const [pattern, compose] = sentences[code] ?? [];
  const found = pattern?.exec(message);
  if (!found || !compose) return new UsageError({ problem: message.replace(/^error: |\n.*/gs, ''), remedy });
  const details = compose(...found.slice(1));
  // A file whose name begins with a dash was taken for an option.
  const isFile = code === 'commander.unknownOption' && details.where !== undefined && existsSync(details.where);
  return new UsageError({
    ...details,
    remedy: isFile ? `for the file of this name, write ./${details.where}` : remedy,
  });
}

/** `mobilenet models verify` */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
