import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { PublishedOther } from '../cost/published-others.js';
import type { SummaryRow, Variant } from '../cost/summary.js';
import { ModelError, UsageError } from '../errors/errors.js';
import type { Section } from '../report/table.js';
import {
  addCountingOptions,
  addOutputOptions,
  type CountingFlags,
  type OutputFlags,
  readCounting,
  readFormat,
} from './cost-options.js';
import { parseNumber, parseWhole } from './options.js';

export interface CompareFlags extends CountingFlags, OutputFlags {
  readonly others?: boolean;
}

export interface SweepFlags extends CompareFlags {
  readonly models?: string;
  readonly alphas?: string;
  readonly res?: string;
  readonly budget?: string;
  readonly pareto?: boolean;
}

const PLOT = 'draw accuracy against MACs: .svg, .png or .html';
const OTHERS = 'also networks of other authors (VGG 16, …) as these papers print them, not computed';
/** Far more than any plot or table can show; a list is typed by hand. */
const MOST_ROWS = 10_000;

export function compareCommand(): Command {
  const command = new Command('compare')
    .description('Put networks side by side: NETWORK, NETWORK:ALPHA, NETWORK:ALPHA:RESOLUTION or a model file each.')
    .argument('<networks...>', 'such as mobilenet_v1:0.75:192 mobilenet_v2:1.0:160 xception model.onnx');
  addOutputOptions(addCountingOptions(command))
    .option('--others', OTHERS)
    .option('--plot <file>', PLOT)
    .action(async (specs: readonly string[], flags: CompareFlags) => {
      await runCompare(specs, flags, (text) => process.stdout.write(text));
    });
  return command;
}

export function sweepCommand(): Command {
  const command = new Command('sweep')
    .description('Count a grid of widths and resolutions; the papers’ by default.')
    .option('--models <names>', 'networks, with commas between (default: mobilenet_v1,mobilenet_v2)')
    .option('--alphas <numbers>', 'width multipliers (default: the published ones)')
    .option('--res <pixels>', 'resolutions (default: the published ones)')
    .option('--budget <limits>', 'only what fits, best published top-1 first: "macs<100M,params<2M"')
    .option('--pareto', 'mark what nothing else beats in both MACs and top-1');
  addOutputOptions(addCountingOptions(command))
    .option('--others', OTHERS)
    .option('--plot <file>', PLOT)
    .addHelpText('after', '\nA budget has macs, flops, params, weights and activations (bytes), top1, alpha, res.')
    .action(async (flags: SweepFlags) => {
      await runSweep(flags, (text) => process.stdout.write(text));
    });
  return command;
}

/** Throws UsageError for an unknown network or a spec that is none. */
export async function runCompare(
  specs: readonly string[],
  flags: CompareFlags,
  print: (text: string) => void,
): Promise<void> {
  const options = readCounting(flags);
  readFormat(flags);
  if (flags.plot !== undefined) (await import('../use-cases/plot.js')).checkPlotPath(flags.plot);
  const [{ parseVariant, summarise }, { compareSections }, { isNetworkId }] = await Promise.all([
    import('../cost/summary.js'),
    import('../report/summary-text.js'),
    import('../networks/index.js'),
  ]);
  const isFile = (spec: string) => !isNetworkId(spec.split(':')[0]!) && existsSync(spec);
  const rows: SummaryRow[] = [];
  for (const spec of specs) {
    if (!isFile(spec)) rows.push(summarise(readVariant(spec, parseVariant), options));
    else {
      if (flags.classes !== undefined) {
        throw new UsageError({
          where: '--classes',
          problem: `${spec} says it itself`,
          expected: 'no --classes beside a file',
        });
      }
      rows.push(await (await import('../use-cases/cost-file.js')).summariseFile(spec, options));
    }
  }
  const others = await listOthers(flags);
  await finish(flags, rows, others, compareSections(rows, { definition: await definition(flags), others }), print);
}

/** Throws UsageError for an unknown network, a list or a budget that cannot be read. */
export async function runSweep(flags: SweepFlags, print: (text: string) => void): Promise<void> {
  const options = readCounting(flags);
  readFormat(flags);
  if (flags.plot !== undefined) (await import('../use-cases/plot.js')).checkPlotPath(flags.plot);
  const [{ byAccuracy, listGrid, markFront, summarise }, { fitsBudget, parseBudget }, { sweepSections }] =
    await Promise.all([import('../cost/summary.js'), import('../cost/budget.js'), import('../report/summary-text.js')]);
  const limits = flags.budget === undefined ? undefined : parseBudget(flags.budget);
  const variants = listGrid({
    ...(flags.models !== undefined && { networks: list(flags.models) }),
    ...(flags.alphas !== undefined && { alphas: list(flags.alphas).map((text) => parseNumber('--alphas', text)!) }),
    ...(flags.res !== undefined && {
      resolutions: list(flags.res).map((text) => parseWhole('--res', text, 'whole numbers of pixels, 1 or more')!),
    }),
  });
  if (variants.length > MOST_ROWS) {
    throw new UsageError({
      where: 'cost sweep',
      problem: `${variants.length} networks`,
      expected: `at most ${MOST_ROWS}`,
    });
  }
  const all = variants.map((variant) => summarise(variant, options));
  const marked = flags.pareto ? markFront(all) : all;
  const rows = limits ? marked.filter((row) => fitsBudget(row, limits)).toSorted(byAccuracy) : marked;
  const others = (await listOthers(flags)).filter((row) => limits === undefined || fitsBudget(row, limits));
  await finish(flags, rows, others, sweepSections(rows, { definition: await definition(flags), others }), print);
}

/** What is neither a network nor a file that is there. */
function readVariant(spec: string, parse: (spec: string) => Variant): Variant {
  const isPath = /[/\\]|\.[a-z]\w+$/i.test(spec.split(':')[0]!);
  if (isPath)
    throw new ModelError('model-file', {
      where: spec,
      problem: 'no such file',
      expected: 'a model or a file of weights',
    });
  return parse(spec);
}

async function listOthers({ others }: CompareFlags): Promise<readonly PublishedOther[]> {
  return others ? (await import('../cost/published-others.js')).publishedOthers : [];
}

async function finish(
  flags: OutputFlags,
  rows: readonly SummaryRow[],
  others: readonly PublishedOther[],
  sections: readonly Section[],
  print: (text: string) => void,
): Promise<void> {
  if (flags.plot !== undefined) await (await import('../use-cases/plot.js')).plotSummaries(flags.plot, rows, others);
  const { printPage } = await import('./cost-print.js');
  await printPage(flags, [...rows, ...others], sections, print);
}

/** Undefined where nothing but MACs and trainable parameters is counted. */
async function definition(flags: CountingFlags): Promise<string | undefined> {
  const { chooseCounting } = await import('../cost/counting.js');
  const { classes: _, ...options } = readCounting(flags);
  if (Object.keys(options).length === 0) return undefined;
  return chooseCounting(options, 'mobilenet_v2').definition;
}

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}
