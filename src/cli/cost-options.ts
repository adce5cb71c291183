import { type Command, Option } from 'commander';
import { type ConventionId, conventionIds, parameterRules } from '../cost/conventions.js';
import type { SummaryOptions } from '../cost/summary.js';
import { UsageError } from '../errors/errors.js';
import { parseWhole } from './options.js';

export interface CountingFlags {
  readonly convention?: string;
  readonly flopsPerMac?: string;
  readonly countBn?: boolean;
  readonly countBias?: boolean;
  readonly countPool?: boolean;
  readonly params?: string;
  readonly classes?: string;
}

export interface OutputFlags {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly md?: boolean;
  readonly plot?: string;
}

export function addCountingOptions(command: Command): Command {
  return command
    .addOption(new Option('--convention <name>', 'count as this paper or tool does').choices(conventionIds))
    .addOption(new Option('--flops-per-mac <count>', 'what a multiply-accumulate is worth').choices(['1', '2']))
    .option('--count-bn', 'count batch norms: 2 for each element')
    .option('--count-bias', 'count bias additions: 1 each')
    .option('--count-pool', 'count pooling: 1 for each element read')
    .addOption(new Option('--params <rule>', 'which parameters the convention’s row has').choices(parameterRules))
    .option('--classes <count>', 'length of the output (default: 1000)');
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout')
    .option('--csv', 'the table as CSV, numbers in full')
    .option('--md', 'Markdown');
}

/** Throws UsageError for a value that no network takes. */
export function readCounting(flags: CountingFlags): SummaryOptions {
  const classes = parseWhole('--classes', flags.classes, 'a whole number of classes, 1 or more');
  return {
    ...(flags.convention !== undefined && { convention: flags.convention as ConventionId }),
    ...(flags.flopsPerMac !== undefined && { flopsPerMac: flags.flopsPerMac === '1' ? 1 : 2 }),
    ...(flags.countBn && { countBatchNorm: true }),
    ...(flags.countBias && { countBias: true }),
    ...(flags.countPool && { countPool: true }),
    ...(flags.params !== undefined && { params: flags.params as (typeof parameterRules)[number] }),
    ...(classes !== undefined && { classes }),
  };
}

export type OutputFormat = 'text' | 'json' | 'csv' | 'md';

/** Throws UsageError where two are asked for. */
export function readFormat({ json, csv, md }: OutputFlags): OutputFormat {
  const asked = [json && 'json', csv && 'csv', md && 'md'].filter((format) => typeof format === 'string');
  if (asked.length > 1) throw new UsageError({ where: `--${asked.join(' --')}`, expected: 'one of them' });
  return (asked[0] as OutputFormat | undefined) ?? 'text';
}

/** Columns of the terminal; undefined where stdout is none, so that nothing is left out. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
