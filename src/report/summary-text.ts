import type { PublishedOther } from '../cost/published-others.js';
import type { SummaryRow } from '../cost/summary.js';
import { notCountedLine } from './graph-text.js';
import type { Cell, Column, Section } from './table.js';
import { alphaText, countText, grouped, sizeText } from './units.js';

/** With the rule for parameters where nothing else has been chosen. */
const plainNote = (parameters: string) =>
  `MACs = multiply-accumulates of convolutions and dense layers, FLOPs = 2 × MACs${parameters}. Memory, in 32-bit floats: weights with batch normalisation folded, and the largest set of activations that is live at once. top-1: published ImageNet accuracy in percent.`;

export interface SummaryTextOptions {
  /** How the column “counted” and the parameters are counted, where not plainly. */
  readonly definition?: string | undefined;
  /** Rows below the computed ones. */
  readonly others?: readonly PublishedOther[];
}

/** Rows against the first one. */
export function compareSections(rows: readonly SummaryRow[], options: SummaryTextOptions = {}): readonly Section[] {
  const [first] = rows;
  const ratios = ({ macs, params }: { readonly macs: number | null; readonly params: number }): Cell[] => [
    macs === null ? null : macs / first!.macs,
    params / first!.params,
  ];
  const columns: Column[] = [
    { name: 'MACs ×', side: 'right', format: (ratio) => ratio.toFixed(2), spare: 2 },
    { name: 'parameters ×', side: 'right', format: (ratio) => ratio.toFixed(2), spare: 3 },
  ];
  return [summaryTable(rows, options, { columns, own: ratios, other: ratios }), ...notes(rows, options)];
}

export function sweepSections(rows: readonly SummaryRow[], options: SummaryTextOptions = {}): readonly Section[] {
  const hasFront = rows.some(({ front }) => front !== undefined);
  const table = summaryTable(rows, options, {
    columns: hasFront ? [{ name: 'front', side: 'left' }] : [],
    own: ({ front }) => (hasFront ? [front ? '●' : null] : []),
    other: () => (hasFront ? [null] : []),
  });
  if (rows.length > 0) return [table, ...notes(rows, options, hasFront)];
  const lines = ['Nothing fits the budget.'];
  return (options.others ?? []).length > 0 ? [table, { lines }, ...notes(rows, options)] : [table, { lines }];
}

interface MoreColumns {
  readonly columns: readonly Column[];
  readonly own: (row: SummaryRow) => readonly Cell[];
  readonly other: (row: PublishedOther) => readonly Cell[];
}

function summaryTable(
  rows: readonly SummaryRow[],
  { definition, others = [] }: SummaryTextOptions,
  more: MoreColumns,
): Section {
  const isCounted = definition !== undefined;
  const hasOthers = others.length > 0;
  const columns: Column[] = [
    ...summaryColumns(isCounted),
    ...more.columns,
    ...(hasOthers ? [{ name: 'printed in', side: 'left' } as const] : []),
  ];
  const own = rows.map((row) => [...summaryCells(row, isCounted), ...more.own(row), ...(hasOthers ? [null] : [])]);
  const printed = others.map((row) => [...otherCells(row, isCounted), ...more.other(row), row.printed.source]);
  return { table: { columns, rows: [...own, ...printed] }, isMain: true };
}

function summaryColumns(isCounted: boolean): Column[] {
  return [
    { name: 'network', side: 'left' },
    { name: 'α', side: 'right', format: alphaText },
    { name: 'pixels', side: 'right' },
    { name: 'MACs', side: 'right', format: grouped },
    ...(isCounted ? [{ name: 'counted', side: 'right', format: grouped } as const] : []),
    { name: 'FLOPs', side: 'right', format: (flops) => countText(flops, 1), spare: 6 },
    { name: 'parameters', side: 'right', format: grouped },
    { name: 'weights', side: 'right', format: (bytes) => sizeText(bytes), spare: 5 },
    { name: 'activations', side: 'right', format: (bytes) => sizeText(bytes), spare: 4 },
    { name: 'top-1', side: 'right', format: (percent) => percent.toFixed(1) },
  ];
}

function summaryCells(row: SummaryRow, isCounted: boolean): Cell[] {
  return [
    'file' in row ? row.file : row.network,
    row.alpha,
    row.resolution,
    row.macs,
    ...(isCounted ? [row.count] : []),
    row.flops,
    row.params,
    row.memory.weights,
    row.memory.activations,
    row.top1,
  ];
}

/** With the printed digits; exact ones would be invented. */
function otherCells({ network, macs, params, top1, printed }: PublishedOther, isCounted: boolean): Cell[] {
  return [
    network,
    null,
    null,
    macs === null ? null : { value: macs, text: printed.macs! },
    ...(isCounted ? [null] : []),
    null,
    { value: params, text: printed.params },
    null,
    null,
    top1,
  ];
}

function notes(
  rows: readonly SummaryRow[],
  { definition, others = [] }: SummaryTextOptions,
  hasFront = false,
): readonly Section[] {
  const sources = [...new Set(rows.flatMap(({ top1Source }) => top1Source ?? []))];
  const lines = [plainNote(definition === undefined ? '; parameters: trainable' : '')];
  if (sources.length > 0) lines.push(`top-1 from ${sources.join('; ')}.`);
  if (definition !== undefined) lines.push(`counted, parameters: ${definition}`);
  if (hasFront) lines.push('● Pareto front: no other network here is better in both MACs and top-1.');
  for (const row of rows) {
    if ('file' in row && row.notCounted.length > 0) lines.push(`${row.file}: ${notCountedLine(row.notCounted)}`);
  }
  if (others.length === 0) return [{ lines }];
  lines.push('Networks by other authors: figures as printed there, not computed here.');
  const remarks = others.flatMap(({ network, remark }) => (remark === null ? [] : `${network}: ${remark}.`));
  return [{ lines: [...lines, ...remarks] }];
}
