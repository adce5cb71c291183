import type { BenchFacts, BenchLayer, BenchRecord } from '../domain/bench.js';
import { elementAt } from '../errors/element-at.js';
import { trainedElsewhere } from './classify-text.js';
import { alignColumns, type Side } from './columns.js';
import { alphaText, grouped } from './units.js';

/** How many steps the roofline shows. */
const SLOWEST = 6;
const PLOT = { width: 56, height: 10 };

/** A measurement as a page of text; with layers in the record, a row for each step and a roofline of the slowest. */
export function benchText(record: BenchRecord, facts: BenchFacts): string {
  const sections = [summary(record, facts)];
  if (record.layers) sections.push(layerRows(record.layers), roofline(record.layers, facts.ceiling));
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function summary(record: BenchRecord, facts: BenchFacts): readonly string[] {
  const { network, alpha, resolution, dtype, threads, ms, macs, gmacsPerSecond } = record;
  const { weights, ranges, runs, runtime } = facts;
  const parts = [
    `${network} α ${alphaText(alpha)}`,
    `${resolution}×${resolution}`,
    ...trainedElsewhere(record),
    dtype,
    threads === 1 ? '1 thread' : `${threads} threads`,
    weights === 'seeded' ? 'seeded weights' : weights,
    ...(ranges === 'random' ? ['7-bit ranges of a random image'] : []),
    runtime,
  ];
  return [
    parts.join(' · '),
    `${ms.median.toFixed(2)} ms median of ${runs} runs · min ${ms.min.toFixed(2)} · p95 ${ms.p95.toFixed(2)}`,
    `${grouped(macs)} MACs · ${gmacsPerSecond.toFixed(1)} GMAC/s · ${besideCeiling(record, facts)}`,
  ];
}

function besideCeiling({ dtype, threads, ceilingShare }: BenchRecord, { ceiling }: BenchFacts): string {
  const speed = `${threads === 1 ? '' : `${threads} × `}${ceiling.toFixed(1)} GMAC/s`;
  return `${percent(ceilingShare)} of the ${dtype} SIMD ceiling, ${speed}`;
}

function layerRows(layers: readonly BenchLayer[]): readonly string[] {
  const sides: Side[] = ['left', 'left', 'right', 'right', 'right', 'right', 'right'];
  const sum = (pick: (layer: BenchLayer) => number) => layers.reduce((total, layer) => total + pick(layer), 0);
  const [ms, macs] = [sum((layer) => layer.ms), sum((layer) => layer.macs)];
  const row = (name: string, kernel: string, values: Omit<BenchLayer, 'layer' | 'mainLayer' | 'kernel'>) => [
    name,
    kernel,
    values.ms.toFixed(4),
    grouped(values.macs),
    values.macs === 0 ? '' : values.gmacsPerSecond.toFixed(1),
    percent(values.share),
    grouped(values.bytes),
  ];
  return alignColumns(
    [
      ['layer', 'kernel', 'ms', 'MACs', 'GMAC/s', 'share', 'bytes'],
      ...layers.map((layer) => row(layer.layer, layer.kernel, layer)),
      row('total', '', { ms, macs, gmacsPerSecond: macs / ms / 1e6, share: 1, bytes: sum((layer) => layer.bytes) }),
    ],
    sides,
  );
}

/** Arithmetic intensity against speed for the slowest steps that multiply at all; each is a digit in the plot. */
function roofline(layers: readonly BenchLayer[], ceiling: number): readonly string[] {
  const points = layers
    .filter(({ macs }) => macs > 0)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map((layer, index) => ({ ...layer, mark: String(index + 1), intensity: layer.macs / layer.bytes }));
  const exponents = points.map(({ intensity }) => Math.log2(intensity));
  const low = Math.floor(Math.min(...exponents));
  const high = Math.max(low + 1, Math.ceil(Math.max(...exponents)));
  const grid = Array.from({ length: PLOT.height }, () => Array.from({ length: PLOT.width }, () => ' '));
  // The slowest are drawn last, on top of those at the same place.
  for (const { mark, intensity, gmacsPerSecond } of points.toReversed()) {
    const column = Math.round(((Math.log2(intensity) - low) / (high - low)) * (PLOT.width - 1));
    const height = Math.min(PLOT.height - 1, Math.floor((gmacsPerSecond / ceiling) * PLOT.height));
    elementAt(grid, PLOT.height - 1 - height)[column] = mark;
  }
  const top = ceiling.toFixed(1);
  const margin = ' '.repeat(top.length);
  const axis = `${2 ** low} MAC/byte`;
  const legend = points.map(({ mark, layer, kernel, intensity, gmacsPerSecond }) => [
    mark,
    layer,
    kernel,
    intensity.toFixed(2),
    gmacsPerSecond.toFixed(1),
    percent(gmacsPerSecond / ceiling),
  ]);
  return [
    'Roofline of the slowest steps: arithmetic intensity (log scale) against GMAC/s',
    `${top} ┬${'─'.repeat(PLOT.width)} SIMD ceiling`,
    ...grid.map((cells) => `${margin} │${cells.join('')}`.trimEnd()),
    `${'0'.padStart(top.length)} └${'─'.repeat(PLOT.width)}`,
    `${margin}  ${axis}${`${2 ** high}`.padStart(PLOT.width - axis.length)}`,
    ...alignColumns(
      [['', 'layer', 'kernel', 'MAC/byte', 'GMAC/s', 'of ceiling'], ...legend],
      ['left', 'left', 'left', 'right', 'right', 'right'],
    ),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
