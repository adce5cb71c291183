import { Command } from 'commander';
import { conventions } from '../../cost/conventions.js';
import { describeCost } from '../../cost/describe.js';
import { groupings } from '../../cost/groups.js';
import type { SummaryOptions } from '../../cost/summary.js';
import { listOf } from '../../domain/option-rules.js';
import { UsageError } from '../../errors/errors.js';
import { findNetwork, isNetworkId, networkIds, networks } from '../../networks/index.js';
import { resolve } from '../../networks/resolve.js';
import { costSections } from '../../report/cost-text.js';
import { useOwnErrors } from '../command-line-errors.js';
import { countingOptions, readCounting } from '../options/counting-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { builtAlpha, builtResolution, networkWords } from '../options/model-options.js';
import { flag, oneOf, text, wholeNumber } from '../options/option-kinds.js';
import { addOptions, type OptionValues, readOptions } from '../options/option-table.js';
import { pageOptions, readPageFormat } from '../options/page-options.js';
import { weightsWords } from '../options/weights-words.js';
import { print } from '../terminal/stdout.js';
import { formatPage } from './cost-page.js';

const DEFAULT_MODEL = 'mobilenet_v1';

const networkOptions = {
  model: text(
    '-m, --model <name>',
    `${listOf([...networkWords, 'the name of an installed model'])} (default: ${DEFAULT_MODEL})`,
  ),
  alpha: builtAlpha,
  resolution: builtResolution,
};
const detailOptions = {
  layers: flag('--layers', 'add a row for each layer'),
  by: oneOf('--by <grouping>', 'add up the layers by', groupings),
  measure: flag('--measure', 'also run the network: milliseconds and GMAC/s for each layer'),
  runs: wholeNumber('--runs <count>', 'measured runs', { unit: 'runs' }),
};
const outputOptions = {
  ...pageOptions,
  plot: text('--plot <file>', 'draw a bar for each layer, or with --measure a roofline: .svg, .png or .html'),
};
export const costOptions = { ...networkOptions, ...detailOptions, ...countingOptions, ...outputOptions };

export type CostFlags = OptionValues<typeof costOptions>;

/** `mobilenet cost`: what a network costs. Needs neither weights nor kernels, but to measure. */
export function costCommand(): Command {
  const command = new Command('cost')
    .description('Count the multiply-accumulates, parameters and memory of a network.')
    .argument('[file]', `count the network in ${weightsWords}`);
  addOptions(command, networkOptions, 'Network:');
  addOptions(command, detailOptions, 'Details:');
  addOptions(command, countingOptions, 'Counting:');
  addOptions(command, outputOptions, 'Output:');
  const comparisons = networkIds.filter((id) => networks[id].costOnly);
  // `cost compare --json`: what follows the name is the subcommand's.
  command.enablePositionalOptions();
  addHelpEnd(command, {
    notes:
      'MACs: multiply-accumulates of convolutions and dense layers. FLOPs: 2 × MACs unless --convention says otherwise.' +
      `\n--model also takes ${comparisons.join(' and ')}, which the MobileNet paper compares with.` +
      '\nIf a file is named like a subcommand, add its folder: ./sweep',
    examples: [
      'mobilenet cost --model mobilenet_v2 --alpha 0.5 --layers',
      'mobilenet cost model.onnx --by stage --plot model.html',
      'mobilenet cost compare mobilenet_v1:0.75:192 xception model.onnx',
    ],
  }).action(async (file: string | undefined) => {
    await runCost(readOptions(command, costOptions), print, file);
  });
  for (const [name, description, load] of subcommands) addLater(command, name, description, load);
  return command;
}

/** A subcommand that is built where it is asked for. */
export interface LateCommand {
  readonly load?: () => Promise<Command>;
}

type Subcommand = readonly [name: string, description: string, load: () => Promise<Command>];

const subcommands: readonly Subcommand[] = [
  [
    'compare',
    'compare networks and model files side by side',
    async () => (await import('./cost-compare.js')).compareCommand(),
  ],
  [
    'sweep',
    'count a grid of widths and resolutions, within a budget if you give one',
    async () => (await import('./cost-sweep.js')).sweepCommand(),
  ],
  [
    'explain',
    'explain why a separable convolution is cheaper, formula by formula',
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
        throw new UsageError({ where: `cost ${name}`, problem: `options must come after “${name}”` });
      }
      const command = useOwnErrors((await load()).name(`mobilenet cost ${name}`).copyInheritedSettings(parent));
      await command.parseAsync(args, { from: 'user' });
    });
  // --help too goes to the subcommand itself; settings inherited later would take it back.
  stub.copyInheritedSettings(parent).helpOption(false);
  stub.copyInheritedSettings = () => stub;
  parent.addCommand(Object.assign(stub, { load } satisfies LateCommand));
}

type Print = (page: string) => void;

/** Counts and prints. Throws UsageError for a value that no network takes, ModelError for a file that says nothing. */
export async function runCost(flags: CostFlags, print: Print, file?: string): Promise<void> {
  const format = readPageFormat(flags);
  checkFlags(flags, file);
  const { plot, by, layers = flags.measure ?? false } = flags;
  const { classes, ...counting } = readCounting(flags);
  if (plot !== undefined) (await import('../../use-cases/plot.js')).checkPlotPath(plot);
  const options = { ...counting, ...(by !== undefined && { by }) };
  const counted =
    file !== undefined
      ? await countFile(file, flags.resolution, options)
      : ((await countInstalled(flags, options, classes)) ?? (await countNetwork(flags, options, classes)));
  if (counted.kind === 'graph') {
    const { graphSections } = await import('../../report/graph-text.js');
    if (plot !== undefined) await (await import('../../use-cases/plot.js')).plotGraphCost(plot, counted.record);
    return print(formatPage(format, counted.record, graphSections(counted.record, { layers })));
  }
  const { record, facts } = counted;
  if (plot !== undefined) await (await import('../../use-cases/plot.js')).plotCost(plot, record);
  print(formatPage(format, record, costSections(record, facts, { layers })));
}

async function countFile(file: string, resolution: number | undefined, options: SummaryOptions) {
  const { costFile } = await import('../../use-cases/cost-file.js');
  return costFile(file, { ...options, ...(resolution !== undefined && { resolution }) });
}

/** Undefined for a network, and for a name that no installed model has. */
async function countInstalled(
  { model, alpha, resolution, measure, runs }: CostFlags,
  options: SummaryOptions,
  classes?: number,
) {
  if (model === undefined || isNetworkId(model)) return undefined;
  const { costInstalled } = await import('../../use-cases/cost-file.js');
  const counted = await costInstalled(model, { ...options, ...(resolution !== undefined && { resolution }) });
  for (const [option, value] of [
    ['--alpha', alpha],
    ['--classes', classes],
  ] as const) {
    if (counted && value !== undefined) {
      throw new UsageError({ where: option, problem: `cannot be combined with ${model}, an installed model` });
    }
  }
  if (!counted || !measure) return counted;
  const { measureCost } = await import('../../use-cases/measure-cost.js');
  return { ...counted, record: await measureCost(counted.record, { model, ...(runs !== undefined && { runs }) }) };
}

async function countNetwork(
  { model = DEFAULT_MODEL, alpha, resolution, measure, runs }: CostFlags,
  options: SummaryOptions,
  askedClasses: number | undefined,
) {
  const entry = findNetwork(model);
  const classes = askedClasses ?? (options.convention && conventions[options.convention].classes);
  const network = entry.build({ ...(alpha !== undefined && { alpha }), ...(classes !== undefined && { classes }) });
  const counted = describeCost(resolve(network, { resolution: resolution ?? entry.defaultResolution }), {
    ...options,
    isUnchanged: true,
  });
  const record = measure
    ? await (await import('../../use-cases/measure-cost.js')).measureCost(counted, runs === undefined ? {} : { runs })
    : counted;
  return { kind: 'network', record, facts: entry } as const;
}

function checkFlags(flags: CostFlags, file: string | undefined): void {
  const { measure, runs, classes } = flags;
  if (runs !== undefined && !measure) throw new UsageError({ where: '--runs', problem: 'needs --measure' });
  if (measure && classes !== undefined) {
    throw new UsageError({
      where: '--measure',
      problem: 'cannot be combined with --classes; it runs the network with 1000 classes',
    });
  }
  if (file === undefined) return;
  if (measure) {
    throw new UsageError({
      where: '--measure',
      problem: `cannot be combined with a file; ${file} is only counted`,
      remedy: 'choose a network with --model',
    });
  }
  for (const option of ['model', 'alpha', 'classes'] as const) {
    if (flags[option] !== undefined) {
      throw new UsageError({ where: `--${option}`, problem: `cannot be combined with a file; ${file} defines it` });
    }
  }
}
