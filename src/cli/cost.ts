import { Command, Option } from 'commander';
import { type Grouping, groupings } from '../cost/groups.js';
import { UsageError } from '../errors/errors.js';
import {
  addCountingOptions,
  addOutputOptions,
  type CountingFlags,
  type OutputFlags,
  readCounting,
  readFormat,
} from './cost-options.js';
import { parseNumber, parseWhole } from './options.js';

export interface CostFlags extends CountingFlags, OutputFlags {
  readonly model?: string;
  readonly alpha?: string;
  readonly res?: string;
  readonly layers?: boolean;
  readonly by?: string;
  readonly measure?: boolean;
  readonly runs?: string;
}

const DEFAULT_MODEL = 'mobilenet_v1';

/** `mobilenet cost`: what a network costs. Needs neither weights nor kernels, but to measure. */
export function costCommand(): Command {
  const command = new Command('cost')
    .description('Count what a network costs: multiply-accumulates, parameters, memory.')
    .argument('[file]', 'count the network in this TFLite, ONNX, Keras, TensorFlow.js, PyTorch or safetensors file')
    .option('--model <name>', `mobilenet_v1, mobilenet_v2, xception, efficientnet_b0, … (default: ${DEFAULT_MODEL})`)
    .option('--alpha <number>', 'width multiplier (default: 1)')
    .option('--res <pixels>', 'side of the network’s input (default: 224, xception 299)')
    .option('--layers', 'a row for each layer; the columns add up to the totals')
    .addOption(new Option('--by <grouping>', 'sum layers').choices(groupings))
    .option('--measure', 'run each step too: milliseconds and GMAC/s beside the MACs')
    .option('--runs <count>', 'runs to measure');
  addOutputOptions(addCountingOptions(command))
    .option('--plot <file>', 'draw a bar for each layer (a roofline with --measure): .svg, .png or .html')
    // `cost compare --json`: what follows the name is the subcommand's.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nFor cost alone there are also mobilenet_v1_full_conv and mobilenet_v1_shallow, the paper’s comparisons.' +
        '\nMACs = multiply-accumulates of convolutions and dense layers, FLOPs = 2 × MACs. --convention counts as others do.' +
        '\nA file named like a subcommand is written with its folder: ./sweep',
    )
    .action(async (file: string | undefined, flags: CostFlags) => {
      await runCost(flags, (text) => process.stdout.write(text), file);
    });
  for (const [name, description, load] of subcommands) addLater(command, name, description, load);
  return command;
}

type Subcommand = readonly [name: string, description: string, load: () => Promise<Command>];

const subcommands: readonly Subcommand[] = [
  [
    'compare',
    'put networks and model files side by side: NETWORK, NETWORK:ALPHA, NETWORK:ALPHA:RESOLUTION or a file each',
    async () => (await import('./cost-compare.js')).compareCommand(),
  ],
  [
    'sweep',
    'count a grid of widths and resolutions; what fits a budget; accuracy against MACs',
    async () => (await import('./cost-compare.js')).sweepCommand(),
  ],
  [
    'explain',
    'why a separable convolution is cheaper: the formulas with numbers put in',
    async () => (await import('./cost-explain.js')).explainCommand(),
  ],
];

/** The subcommand's own options are only built where it is asked for: every start would wait for them. */
function addLater(parent: Command, name: string, description: string, load: () => Promise<Command>): void {
  const stub = new Command(name)
    .description(description)
    .argument('[args...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: readonly string[]) => {
      const [misplaced] = Object.keys(parent.opts());
      if (misplaced !== undefined) {
        throw new UsageError({ where: 'cost', problem: `an option before ${name}`, expected: 'all of them behind it' });
      }
      const command = (await load()).name(`mobilenet cost ${name}`).copyInheritedSettings(parent).exitOverride();
      await command.parseAsync(args, { from: 'user' });
    });
  // --help too goes to the subcommand itself; settings inherited later would take it back.
  stub.copyInheritedSettings(parent).helpOption(false);
  stub.copyInheritedSettings = () => stub;
  parent.addCommand(stub);
}

/** Counts and prints. Throws UsageError for a value that no network takes, ModelError for a file that says nothing. */
export async function runCost(flags: CostFlags, print: (text: string) => void, file?: string): Promise<void> {
  const alpha = parseNumber('--alpha', flags.alpha);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels, 1 or more');
  const runs = parseWhole('--runs', flags.runs, 'a whole number of runs, 1 or more');
  const { classes, ...counting } = readCounting(flags);
  readFormat(flags);
  refuse(flags, file);
  if (flags.plot !== undefined) (await import('../use-cases/plot.js')).checkPlotPath(flags.plot);
  // Loaded here, so that other commands and --help do not wait for it.
  const [{ findNetwork }, { resolve }, { describeCost }, { conventions }, { costSections }, { printPage }] =
    await Promise.all([
      import('../networks/index.js'),
      import('../networks/resolve.js'),
      import('../cost/describe.js'),
      import('../cost/conventions.js'),
      import('../report/cost-text.js'),
      import('./cost-print.js'),
    ]);
  const options = { ...counting, ...(flags.by !== undefined && { by: flags.by as Grouping }) };
  const layers = flags.layers ?? flags.measure ?? false;
  if (file !== undefined) {
    const { costFile } = await import('../use-cases/cost-file.js');
    const found = await costFile(file, { ...options, ...(resolution !== undefined && { resolution }) });
    if (found.kind === 'graph') {
      const { graphSections } = await import('../report/graph-text.js');
      if (flags.plot !== undefined)
        await (await import('../use-cases/plot.js')).plotGraphCost(flags.plot, found.record);
      return printPage(flags, found.record, graphSections(found.record, { layers }), print);
    }
    const { record, facts } = found;
    if (flags.plot !== undefined) await plotLayers(flags.plot, record);
    return printPage(flags, record, costSections(record, facts, { layers }), print);
  }
  const entry = findNetwork(flags.model ?? DEFAULT_MODEL);
  const length = classes ?? (counting.convention && conventions[counting.convention].classes);
  const network = entry.build({
    ...(alpha !== undefined && { alpha }),
    ...(length !== undefined && { classes: length }),
  });
  const counted = describeCost(resolve(network, { resolution: resolution ?? entry.defaultResolution }), {
    ...options,
    isUnchanged: true,
  });
  const record = flags.measure
    ? await (await import('../use-cases/measure-cost.js')).measureCost(counted, runs === undefined ? {} : { runs })
    : counted;
  if (flags.plot !== undefined) await plotLayers(flags.plot, record);
  await printPage(flags, record, costSections(record, entry, { layers }), print);
}

function refuse(flags: CostFlags, file: string | undefined): void {
  if (flags.runs !== undefined && !flags.measure)
    throw new UsageError({ where: '--runs', expected: '--measure with it' });
  if (flags.measure && flags.classes !== undefined) {
    throw new UsageError({
      where: '--measure',
      problem: 'runs the network with 1000 classes',
      expected: 'no --classes',
    });
  }
  if (file === undefined) return;
  if (flags.measure) {
    throw new UsageError({
      where: '--measure',
      problem: `${file} is only counted`,
      expected: 'a network of this program by --model',
    });
  }
  for (const option of ['model', 'alpha', 'classes'] as const) {
    if (flags[option] !== undefined) {
      throw new UsageError({
        where: `--${option}`,
        problem: `${file} says it itself`,
        expected: `no --${option} beside a file`,
      });
    }
  }
}

async function plotLayers(
  path: string,
  record: Parameters<typeof import('../use-cases/plot.js').plotCost>[1],
): Promise<void> {
  const { plotCost } = await import('../use-cases/plot.js');
  await plotCost(path, record);
}
