import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { CostRecord } from '../cost/describe.js';
import type { GraphCost } from '../cost/graphs/tally.js';
import type { PublishedOther } from '../cost/published-others.js';
import type { SummaryRow } from '../cost/summary.js';
import { exitCodes, MobilenetError, UsageError } from '../errors/errors.js';
import { describeWriteError } from '../errors/file-errors.js';
import { plotAccuracy } from '../report/plot-accuracy.js';
import { plotPage } from '../report/plot-html.js';
import { plotGraph, plotLayers } from '../report/plot-layers.js';
import { plotRoofline } from '../report/plot-roofline.js';
import type { Picture, Scales } from '../report/plot-svg.js';

const formats = ['.svg', '.png', '.html'] as const;
type Format = (typeof formats)[number];

/** Throws UsageError for a path that ends in none of `.svg`, `.png`, `.html`: to be asked before any work. */
export function checkPlotPath(path: string): Format {
  const found = formats.find((format) => format === extname(path).toLowerCase());
  if (!found)
    throw new UsageError({ where: `--plot ${path}`, expected: `a name that ends in ${formats.join(' or ')}` });
  return found;
}

/** A network's layers; where they were measured, their roofline (the page has both). */
export async function plotCost(path: string, cost: CostRecord): Promise<void> {
  const format = checkPlotPath(path);
  const scales = await loadScales();
  const pictures = cost.measured ? [plotRoofline(cost, scales), plotLayers(cost, scales)] : [plotLayers(cost, scales)];
  await write(path, format, pictures);
}

/** The operators of a foreign graph. */
export async function plotGraphCost(path: string, cost: GraphCost): Promise<void> {
  const format = checkPlotPath(path);
  await write(path, format, [plotGraph(cost, await loadScales())]);
}

/** Published accuracy against MACs; `others` as rings. */
export async function plotSummaries(
  path: string,
  rows: readonly SummaryRow[],
  others: readonly PublishedOther[] = [],
): Promise<void> {
  const format = checkPlotPath(path);
  await write(path, format, [plotAccuracy(rows, await loadScales(), others)]);
}

function loadScales(): Promise<Scales> {
  return import('d3-scale');
}

async function write(path: string, format: Format, pictures: readonly Picture[]): Promise<void> {
  const [{ svg }] = pictures as [Picture, ...Picture[]];
  let content: string | Uint8Array = svg;
  if (format === '.html') content = plotPage(pictures);
  if (format === '.png') content = await (await import('../images/rasterise.js')).rasterise(svg);
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new MobilenetError(
      'cannot-write',
      exitCodes.usage,
      { where: `--plot ${path}`, problem: describeWriteError(error) },
      {
        cause: error,
      },
    );
  }
}
