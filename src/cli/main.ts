import { type Command, CommanderError } from 'commander';
import { exitCodes, MobilenetError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { useOwnErrors } from './command-line-errors.js';
import { createProgram, loadCommands } from './program.js';
import { isCommandName, startsWithKnownWord, withImpliedCommand } from './start/implied-command.js';
import { whenUsed } from './terminal/stdout.js';
import { unknownCommand } from './unknown-command.js';

/** Of `-k 3 cost`, which is no input called `cost`. */
function refuseCommandBehindOptions({ args: [first] }: Command): void {
  if (first === undefined || !isCommandName(first)) return;
  throw new UsageError({
    where: first,
    problem: `options must come after “${first}”`,
    remedy: `if it is a file, name it ./${first}`,
  });
}

/**
 * Runs one command line. Sets `process.exitCode`; never throws.
 * @returns whether all output is written for sure: Node's streams may still have some, or an error to tell of
 */
export async function main(typed: readonly string[]): Promise<boolean> {
  const args = withImpliedCommand(typed);
  let usesStreams = false;
  whenUsed('stdout', (stream) => {
    usesStreams = true;
    stream.on('error', noticeOutputError);
  });
  whenUsed('stderr', (stream) => {
    usesStreams = true;
    // What nobody can read is no reason to end: `2>&1 | head -1`, a full disk under a log.
    stream.on('error', () => {});
  });
  const program = createProgram();
  // Work that waits for what never comes ends the process quietly: nothing may look done that is not.
  let isDone = false;
  process.once('beforeExit', () => {
    if (!isDone) reportUnfinished();
  });
  if (args !== typed) program.hook('preAction', (_, command) => refuseCommandBehindOptions(command));
  try {
    if (!startsWithKnownWord(args)) throw unknownCommand(args[0]!);
    for (const command of await loadCommands(args)) program.addCommand(command.copyInheritedSettings(program));
    for (const command of withSubcommands(program)) useOwnErrors(command);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
  isDone = true;
  if (outputFailed) process.exitCode = exitCodes.output;
  return !usesStreams;
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
