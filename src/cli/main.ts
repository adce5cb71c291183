import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes, MobilenetError, UsageError } from '../errors/errors.js';
import { exitCodeTable, signalExitCodes } from '../errors/exit-codes.js';
import { printable } from '../errors/printable.js';
import { packageFile } from '../files/package-files.js';
import { useOwnErrors } from './command-line-errors.js';
import { addHelpEnd } from './options/help-end.js';
import {
  type CommandName,
  commandNames,
  isCommandName,
  startsWithKnownWord,
  withImpliedCommand,
} from './start/implied-command.js';
import { unknownCommand } from './unknown-command.js';

/** As the help shows them. */
function exitCodesHelp(): string {
  const rows = [...exitCodeTable.map(({ code, meaning }) => ({ codes: `${code}`, meaning })), ...signalExitCodes];
  return `Exit codes:\n${rows.map(({ codes, meaning }) => `  ${codes.padEnd(2)}  ${meaning}`).join('\n')}`;
}

/** Each is loaded only where it is asked for: reading all of them takes as long as `cost`. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  classify: async () => (await import('./commands/classify.js')).classifyCommand(),
  merge: async () => (await import('./commands/merge.js')).mergeCommand(),
  cost: async () => (await import('./commands/cost.js')).costCommand(),
  models: async () => (await import('./commands/models.js')).modelsCommand(),
  pull: async () => (await import('./commands/pull.js')).pullCommand(),
  import: async () => (await import('./commands/import.js')).importCommand(),
  bench: async () => (await import('./commands/bench.js')).benchCommand(),
};

/** The command that is named first, or all of them for the help. */
async function loadCommands([first]: readonly string[]): Promise<readonly Command[]> {
  if (first !== undefined && isCommandName(first)) return [await commands[first]()];
  if (first === '--version' || first === '-V') return [];
  return Promise.all(commandNames.map((name) => commands[name]()));
}

/** Of `-k 3 cost`, which is no input called `cost`. */
function refuseCommandBehindOptions({ args: [first] }: Command): void {
  if (first === undefined || !isCommandName(first)) return;
  throw new UsageError({
    where: first,
    problem: `options must come after “${first}”`,
    remedy: `if it is a file, name it ./${first}`,
  });
}

function version(): string {
  return JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
}

/** Runs one command line. Sets `process.exitCode`; never throws. */
export async function main(typed: readonly string[]): Promise<void> {
  const args = withImpliedCommand(typed);
  process.stdout.on('error', noticeOutputError);
  // What nobody can read is no reason to end: `2>&1 | head -1`, a full disk under a log.
  process.stderr.on('error', () => {});
  const program = new Command('mobilenet')
    .description('Classify images with MobileNet, Xception and EfficientNet in WebAssembly, offline.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    // Options behind a command's name are that command's own, down to `cost compare --json`.
    .enablePositionalOptions();
  addHelpEnd(program, {
    notes: exitCodesHelp(),
    examples: ['mobilenet photo.jpg', 'mobilenet photos --only dog', 'mobilenet classify --help'],
  });
  // Work that waits for what never comes ends the process quietly: nothing may look done that is not.
  process.once('beforeExit', reportUnfinished);
  if (args !== typed) program.hook('preAction', (_, command) => refuseCommandBehindOptions(command));
  try {
    if (!startsWithKnownWord(args)) throw unknownCommand(args[0]!);
    for (const command of await loadCommands(args)) program.addCommand(command.copyInheritedSettings(program));
    for (const command of withSubcommands(program)) useOwnErrors(command);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
  process.off('beforeExit', reportUnfinished);
  if (outputFailed) process.exitCode = exitCodes.output;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((each) => withSubcommands(each.copyInheritedSettings(command)))];
}

/** Prints an error on stderr, in one line, and returns the exit code. */
function report(error: unknown): number {
  // The end of --help and --version, or help because no command was given.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof MobilenetError) {
    process.stderr.write(`mobilenet: ${printable(error.message)}\n`);
    return error.exitCode;
  }
  if (isOutputError(error)) return reportOutputError(error);
  if (isFolderGone(error)) {
    process.stderr.write('mobilenet: the current folder no longer exists; change to another one\n');
    return exitCodes.usage;
  }
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`mobilenet: internal error: ${printable(text)}; please report it with the output of DEBUG=1\n`);
  if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodes.internal;
}

function reportUnfinished(): void {
  process.exitCode = report(new Error('the command ended before its work was done'));
}

/** A disk or a quota that is full, a medium that fails: not an error of the program. */
function isOutputError(error: unknown): error is NodeJS.ErrnoException {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'].includes(code);
}

/** The folder that relative names start from was removed while a shell stood in it. */
function isFolderGone(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'uv_cwd';
}

let outputFailed = false;

function reportOutputError(error: NodeJS.ErrnoException): number {
  if (!outputFailed) process.stderr.write(`mobilenet: cannot write the output: ${printable(error.message)}\n`);
  outputFailed = true;
  return exitCodes.output;
}

/**
 * Of `mobilenet … | head -1` the reader has seen enough: commands stop when they find stdout destroyed. Other errors are
 * reported.
 */
function noticeOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = reportOutputError(error);
}
