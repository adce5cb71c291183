import { Command } from 'commander';
import { fitsBudget, parseBudget } from '../../cost/budget.js';
import { byAccuracy, listGrid, markFront, summariseAll } from '../../cost/summary.js';
import { UsageError } from '../../errors/errors.js';
import { withoutOptimising } from '../../files/short-run-code.js';
import { sweepSections } from '../../report/summary-text.js';
import { comparisonOptions, comparisonOutputOptions } from '../options/comparison-options.js';
import { countingOptions, readCounting } from '../options/counting-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { commaSeparated, flag, parsePositive, parseWhole, text } from '../options/option-kinds.js';
import { addOptions, type OptionValues, readOptions } from '../options/option-table.js';
import { print } from '../terminal/stdout.js';
import { checkOutput, countingDefinition, listOthers, writeComparison } from './cost-comparison.js';

/** Far more than any plot or table can show; a list is typed by hand. */
const MOST_ROWS = 10_000;
/** Up to so many rows, V8 takes longer to optimise the code that counts them than it then saves. */
const FEW_ROWS = 300;

const gridOptions = {
  networks: commaSeparated('--models <names>', 'networks, separated by commas (default: mobilenet_v1,mobilenet_v2)'),
  alphas: commaSeparated('--alphas <numbers>', 'width multipliers (default: the published ones)', parsePositive),
  resolutions: commaSeparated('-r, --res <pixels>', 'input resolutions (default: the published ones)', (value, where) =>
    parseWhole(value, where, 'pixels'),
  ),
  budget: text('--budget <limits>', 'list only what fits, the highest published top-1 accuracy first'),
  pareto: flag('--pareto', 'mark the networks that no other beats in both MACs and top-1 accuracy'),
};
export const sweepOptions = { ...gridOptions, ...comparisonOptions };

/** `mobilenet cost sweep` */
export function sweepCommand(): Command {
  const command = new Command('sweep').description(
    'Count a grid of widths and resolutions; by default, the grid that the papers published.',
  );
  addOptions(command, gridOptions, 'Grid:');
  addOptions(command, countingOptions, 'Counting:');
  addOptions(command, comparisonOutputOptions, 'Output:');
  return addHelpEnd(command, {
    notes: 'A budget limits macs, flops, params, weights and activations (both in bytes), top1, alpha and res.',
    examples: [
      'mobilenet cost sweep --models mobilenet_v1',
      'mobilenet cost sweep --budget "macs<100M,params<2M"',
      'mobilenet cost sweep --models mobilenet_v2 --alphas 0.5,1 --res 160,224 --plot sweep.svg',
    ],
  }).action(async () => {
    await runSweep(readOptions(command, sweepOptions), print);
  });
}

/** Throws UsageError for an unknown network, a list or a budget that cannot be read. */
export async function runSweep(flags: OptionValues<typeof sweepOptions>, print: (page: string) => void): Promise<void> {
  const options = readCounting(flags);
  await checkOutput(flags);
  const limits = flags.budget === undefined ? undefined : parseBudget(flags.budget);
  const { networks, alphas, resolutions } = flags;
  const variants = listGrid({
    ...(networks && { networks }),
    ...(alphas && { alphas }),
    ...(resolutions && { resolutions }),
  });
  if (variants.length > MOST_ROWS) {
    throw new UsageError({
      where: 'cost sweep',
      problem: `${variants.length} networks`,
      expected: `at most ${MOST_ROWS}`,
    });
  }
  const count = () => summariseAll(variants, options);
  const all = variants.length <= FEW_ROWS ? withoutOptimising(count) : count();
  const marked = flags.pareto ? markFront(all) : all;
  const rows = limits ? marked.filter((row) => fitsBudget(row, limits)).toSorted(byAccuracy) : marked;
  const others = (await listOthers(flags)).filter((row) => limits === undefined || fitsBudget(row, limits));
  const sections = sweepSections(rows, { definition: countingDefinition(flags), others });
  print(await writeComparison(flags, rows, others, sections));
}
