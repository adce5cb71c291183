import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { parseVariant, type SummaryRow, summarise, type Variant } from '../../cost/summary.js';
import { ModelError, UsageError } from '../../errors/errors.js';
import { isNetworkId } from '../../networks/index.js';
import { compareSections } from '../../report/summary-text.js';
import { comparisonOptions, comparisonOutputOptions } from '../options/comparison-options.js';
import { countingOptions, readCounting } from '../options/counting-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, type OptionValues, readOptions } from '../options/option-table.js';
import { print } from '../terminal/stdout.js';
import { checkOutput, countingDefinition, listOthers, writeComparison } from './cost-comparison.js';

/** `mobilenet cost compare NETWORK|FILE…` */
export function compareCommand(): Command {
  const command = new Command('compare')
    .description('Compare networks and model files side by side.')
    .argument('<networks...>', 'NETWORK, NETWORK:ALPHA, NETWORK:ALPHA:RESOLUTION or a model file');
  addOptions(command, countingOptions, 'Counting:');
  addOptions(command, comparisonOutputOptions, 'Output:');
  return addHelpEnd(command, {
    examples: [
      'mobilenet cost compare mobilenet_v1:0.75:192 mobilenet_v2 xception',
      'mobilenet cost compare mobilenet_v2 model.onnx --csv',
      'mobilenet cost compare mobilenet_v1 mobilenet_v2 --others --plot accuracy.svg',
    ],
  }).action(async (specs: readonly string[]) => {
    await runCompare(specs, readOptions(command, comparisonOptions), print);
  });
}

/** Throws UsageError for an unknown network or a spec that is none. */
export async function runCompare(
  specs: readonly string[],
  flags: OptionValues<typeof comparisonOptions>,
  print: (page: string) => void,
): Promise<void> {
  const options = readCounting(flags);
  await checkOutput(flags);
  const isFile = (spec: string) => !isNetworkId(nameOf(spec)) && existsSync(spec);
  const rows: SummaryRow[] = [];
  for (const spec of specs) {
    if (!isFile(spec)) rows.push(summarise(readVariant(spec), options));
    else {
      if (flags.classes !== undefined) {
        throw new UsageError({ where: '--classes', problem: `cannot be combined with a file; ${spec} defines it` });
      }
      rows.push(await (await import('../../use-cases/cost-file.js')).summariseFile(spec, options));
    }
  }
  const others = await listOthers(flags);
  const sections = compareSections(rows, { definition: countingDefinition(flags), others });
  print(await writeComparison(flags, rows, others, sections));
}

/** What is before the first colon. */
function nameOf(spec: string): string {
  const [name = ''] = spec.split(':');
  return name;
}

/** Of a spec that is no file's name. */
function readVariant(spec: string): Variant {
  const isPath = /[/\\]|\.[a-z]\w+$/i.test(nameOf(spec));
  if (isPath) throw new ModelError('model-file', { where: spec, problem: 'no such file' });
  return parseVariant(spec);
}
