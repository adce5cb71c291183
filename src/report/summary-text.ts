import type { Summary } from '../cost/summary.js';
import type { Cell, Column, Section } from './table.js';
import { alphaText, grouped, megabytes, megas } from './units.js';

const PLAIN =
  'MACs = multiply-accumulates of convolutions and dense layers, FLOPs = 2 × MACs; parameters: trainable. Memory in f32: weights with batch norms folded, the largest live set of activations. top-1 in percent on ImageNet, as published.';

/** Rows against the first one. */
export function compareSections(rows: readonly Summary[], definition?: string): readonly Section[] {
  const [first] = rows;
  const columns: Column[] = [
    ...summaryColumns(definition !== undefined),
    { name: 'MACs ×', side: 'right', format: (ratio) => ratio.toFixed(2), spare: 2 },
    { name: 'parameters ×', side: 'right', format: (ratio) => ratio.toFixed(2), spare: 3 },
  ];
  const cells = rows.map((row) => [
    ...summaryCells(row, definition !== undefined),
    row.macs / first!.macs,
    row.params / first!.params,
  ]);
  return [{ table: { columns, rows: cells }, isMain: true }, ...notes(rows, definition)];
}

export function sweepSections(rows: readonly Summary[], definition?: string): readonly Section[] {
  const hasFront = rows.some(({ front }) => front !== undefined);
  const columns: Column[] = [
    ...summaryColumns(definition !== undefined),
    ...(hasFront ? [{ name: 'front', side: 'left' } as const] : []),
  ];
  const cells = rows.map((row) => [
    ...summaryCells(row, definition !== undefined),
    ...(hasFront ? [row.front ? '●' : null] : []),
  ]);
  if (rows.length === 0) {
    return [{ table: { columns, rows: [] }, isMain: true }, { lines: ['Nothing fits the budget.'] }];
  }
  return [{ table: { columns, rows: cells }, isMain: true }, ...notes(rows, definition, hasFront)];
}

function summaryColumns(isCounted: boolean): Column[] {
  return [
    { name: 'network', side: 'left' },
    { name: 'α', side: 'right', format: alphaText },
    { name: 'pixels', side: 'right' },
    { name: 'MACs', side: 'right', format: grouped },
    ...(isCounted ? [{ name: 'counted', side: 'right', format: grouped } as const] : []),
    { name: 'FLOPs', side: 'right', format: (flops) => `${megas(flops, 1)} M`, spare: 6 },
    { name: 'parameters', side: 'right', format: grouped },
    { name: 'weights', side: 'right', format: megabytes, spare: 5 },
    { name: 'activations', side: 'right', format: megabytes, spare: 4 },
    { name: 'top-1', side: 'right', format: (percent) => percent.toFixed(1) },
  ];
}

function summaryCells(row: Summary, isCounted: boolean): Cell[] {
  return [
    row.network,
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

function notes(rows: readonly Summary[], definition: string | undefined, hasFront = false): readonly Section[] {
  const sources = [...new Set(rows.flatMap(({ top1Source }) => top1Source ?? []))];
  const lines = [PLAIN];
  if (sources.length > 0) lines.push(`top-1 from ${sources.join('; ')}.`);
  if (definition !== undefined) lines.push(`counted, parameters: ${definition}`);
  if (hasFront) lines.push('● nothing else here has as few MACs and as high a top-1.');
  return [{ lines }];
}
