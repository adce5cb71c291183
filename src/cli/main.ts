import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes, MobilenetError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { packageFile } from '../files/package-files.js';

type CommandName = 'classify' | 'merge' | 'cost' | 'models' | 'pull' | 'import' | 'bench';

/** In the order of the help. Each is loaded only where it is asked for: reading all of them takes as long as `cost`. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  classify: async () => (await import('./classify.js')).classifyCommand(),
  merge: async () => (await import('./merge.js')).mergeCommand(),
  cost: async () => (await import('./cost.js')).costCommand(),
  models: async () => (await import('./models.js')).modelsCommand(),
  pull: async () => (await import('./pull.js')).pullCommand(),
  import: async () => (await import('./import.js')).importCommand(),
  bench: async () => (await import('./bench.js')).benchCommand(),
};

/** The command that is named first, or all of them: for the help, and for names that are close to a wrong one. */
async function loadCommands([first]: readonly string[]): Promise<readonly Command[]> {
  if (first !== undefined && Object.hasOwn(commands, first)) return [await commands[first as CommandName]()];
  if (first === '--version' || first === '-V') return [];
  return Promise.all(Object.values(commands).map((load) => load()));
}

function version(): string {
  return JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
}

/** Runs one command line. Sets `process.exitCode`; never throws. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', noticeFault);
  // What nobody can read is no reason to end: `2>&1 | head -1`, a full disk under a log.
  process.stderr.on('error', () => {});
  const program = new Command('mobilenet')
    .description('Classifies images with MobileNet, Xception and EfficientNet on WebAssembly, offline.')
    .version(version())
    // Options behind a command's name are that command's own, down to `cost compare --json`.
    .enablePositionalOptions()
    // A file name may have come to stand where an option was expected.
    .configureOutput({ outputError: (text, write) => write(text.split('\n').map(printable).join('\n')) })
    .showHelpAfterError('(mobilenet --help lists what there is)')
    .addHelpText(
      'after',
      '\nExit codes: 0 all done · 1 some inputs failed · 2 wrong usage · 3 no input, or every input failed · 4 model or weights · 5 no WASM SIMD here · 70 a bug',
    );
  for (const command of await loadCommands(args)) program.addCommand(command.copyInheritedSettings(program));
  for (const command of withSubcommands(program)) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
  if (outputFault) process.exitCode = exitCodes.someInputsFailed;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((each) => withSubcommands(each.copyInheritedSettings(command)))];
}

/** Says what went wrong on stderr, in one line, and returns the exit code. */
function report(error: unknown): number {
  // Commander has printed its own message; --help and --version arrive here with exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof MobilenetError) {
    process.stderr.write(`mobilenet: ${printable(error.message)}\n`);
    return error.exitCode;
  }
  if (isOutputFault(error)) return reportOutputFault(error);
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`mobilenet: internal fault, please report it (DEBUG=1 shows where): ${printable(text)}\n`);
  if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodes.internal;
}

/** A disk or a quota that is full, a medium that fails: no fault of the program. */
function isOutputFault(error: unknown): error is NodeJS.ErrnoException {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'].includes(code);
}

let outputFault = false;

function reportOutputFault(error: NodeJS.ErrnoException): number {
  if (!outputFault) process.stderr.write(`mobilenet: output: ${printable(error.message)}, expected room to write\n`);
  outputFault = true;
  return exitCodes.someInputsFailed;
}

/**
 * Of `mobilenet … | head -1` the reader has seen enough: commands stop when they find stdout destroyed. What cannot be
 * written for another reason is said.
 */
function noticeFault(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = reportOutputFault(error);
}
