import { chooseCounting } from '../../cost/counting.js';
import type { PublishedOther } from '../../cost/published-others.js';
import type { SummaryRow } from '../../cost/summary.js';
import type { Section } from '../../report/table.js';
import type { ComparisonFlags } from '../options/comparison-options.js';
import { readCounting } from '../options/counting-options.js';
import { readPageFormat } from '../options/page-options.js';
import { formatPage } from './cost-page.js';

/** Throws UsageError for an output that cannot be written, before anything is counted. */
export async function checkOutput(flags: ComparisonFlags): Promise<void> {
  readPageFormat(flags);
  if (flags.plot !== undefined) (await import('../../use-cases/plot.js')).checkPlotPath(flags.plot);
}

/** Networks by other authors, where they are asked for. */
export async function listOthers({ others }: ComparisonFlags): Promise<readonly PublishedOther[]> {
  return others ? (await import('../../cost/published-others.js')).publishedOthers : [];
}

/** The page; draws the plot where one is asked for. */
export async function writeComparison(
  flags: ComparisonFlags,
  rows: readonly SummaryRow[],
  others: readonly PublishedOther[],
  sections: readonly Section[],
): Promise<string> {
  if (flags.plot !== undefined) await (await import('../../use-cases/plot.js')).plotSummaries(flags.plot, rows, others);
  return formatPage(readPageFormat(flags), [...rows, ...others], sections);
}

/** Undefined where nothing but MACs and trainable parameters is counted. */
export function countingDefinition(flags: ComparisonFlags): string | undefined {
  const { classes: _, ...options } = readCounting(flags);
  if (Object.keys(options).length === 0) return undefined;
  return chooseCounting(options, 'mobilenet_v2').definition;
}
