import { Command, CommanderError } from 'commander';
import { exitCodeTable, signalExitCodes } from '../errors/exit-codes.js';
import { packageVersion } from '../files/package-files.js';
import { addHelpEnd } from './options/help-end.js';
import { type CommandName, commandNames, isCommandName } from './start/implied-command.js';
import { print } from './terminal/stdout.js';

/** As the help shows them. */
function exitCodesHelp(): string {
  const rows = [...exitCodeTable.map(({ code, meaning }) => ({ codes: `${code}`, meaning })), ...signalExitCodes];
  return `Exit codes:\n${rows.map(({ codes, meaning }) => `  ${codes.padEnd(2)}  ${meaning}`).join('\n')}`;
}

/** Each is loaded only where it is asked for: reading all of them takes as long as `cost`. */
const loaders: Readonly<Record<CommandName, () => Promise<Command>>> = {
  classify: async () => (await import('./commands/classify.js')).classifyCommand(),
  learn: async () => (await import('./commands/learn.js')).learnCommand(),
  embed: async () => (await import('./commands/embed.js')).embedCommand(),
  explain: async () => (await import('./commands/explain.js')).explainCommand(),
  evaluate: async () => (await import('./commands/evaluate.js')).evaluateCommand(),
  similar: async () => (await import('./commands/similar.js')).similarCommand(),
  duplicates: async () => (await import('./commands/duplicates.js')).duplicatesCommand(),
  merge: async () => (await import('./commands/merge.js')).mergeCommand(),
  cost: async () => (await import('./commands/cost.js')).costCommand(),
  models: async () => (await import('./commands/models.js')).modelsCommand(),
  pull: async () => (await import('./commands/pull.js')).pullCommand(),
  import: async () => (await import('./commands/import.js')).importCommand(),
  bench: async () => (await import('./commands/bench.js')).benchCommand(),
  completion: async () => (await import('./commands/completion.js')).completionCommand(loadProgram),
};

/** The command that is named first, or all of them for the help. */
export async function loadCommands([first]: readonly string[]): Promise<readonly Command[]> {
  if (first !== undefined && isCommandName(first)) return [await loaders[first]()];
  if (first === '--version' || first === '-V') return [];
  return Promise.all(commandNames.map((name) => loaders[name]()));
}

/** The program with all of its commands. */
export async function loadProgram(): Promise<Command> {
  const program = createProgram();
  for (const command of await loadCommands([])) program.addCommand(command.copyInheritedSettings(program));
  return program;
}

/** commander's own option would have to know the version at every start. */
function printVersion(): never {
  print(`${packageVersion()}\n`);
  throw new CommanderError(0, 'commander.version', '');
}

/** `mobilenet` without its commands. */
export function createProgram(): Command {
  const program = new Command('mobilenet')
    .description('Classify images with MobileNet, Xception and EfficientNet in WebAssembly, offline.')
    .option('-V, --version', 'print the version')
    .on('option:version', printVersion)
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    // Options behind a command's name are that command's own, down to `cost compare --json`.
    .enablePositionalOptions();
  addHelpEnd(program, {
    notes: exitCodesHelp(),
    examples: ['mobilenet photo.jpg', 'mobilenet photos --only dog', 'mobilenet classify --help'],
  });
  return program;
}
