import type { ComparedCount } from '../cost/compare-published.js';
import type { CostRecord } from '../cost/describe.js';
import type { Section } from './table.js';
import { grouped, megas } from './units.js';

/** What papers and tools printed of this network, beside what it really is. */
export function publishedSections({ figures }: CostRecord): readonly Section[] {
  const { counts, accuracies, latencies, errata } = figures;
  const sections: Section[] = [];
  if (counts.length > 0) sections.push(countRows(counts));
  if (accuracies.length > 0 || latencies.length > 0) {
    sections.push({
      table: {
        columns: [
          { name: 'ImageNet', side: 'left' },
          { name: 'top-1', side: 'right' },
          { name: 'top-5', side: 'right' },
          { name: 'published', side: 'left' },
        ],
        rows: accuracies.map((row) => [
          row.dtype === 'f32' ? 'floats' : 'integers',
          `${accuracyText(row.top1)} %`,
          row.top5 === undefined ? null : `${accuracyText(row.top5)} %`,
          row.source,
        ]),
      },
    });
  }
  if (latencies.length > 0) {
    sections.push({
      table: {
        columns: [
          { name: 'latency', side: 'right' },
          { name: 'device', side: 'left' },
          { name: 'published', side: 'left' },
        ],
        rows: latencies.map(({ ms, device, source }) => [`${ms} ms`, device, source]),
      },
    });
  }
  if (errata.length > 0) {
    const lines = errata.map(({ source, says, instead }) => `- ${source}: “${says}”; ${instead}.`);
    sections.push({ title: 'Corrections to published figures', lines });
  }
  return sections;
}

/** `≠` where the printed figure is not what its own way of counting gives, or nobody knows that way. */
function countRows(counts: readonly ComparedCount[]): Section {
  return {
    table: {
      columns: [
        { name: 'published', side: 'left' },
        { name: 'printed', side: 'right' },
        { name: '', side: 'left' },
        { name: 'computed', side: 'right' },
        { name: 'source and why it differs', side: 'left' },
      ],
      rows: counts.map((row) => [row.quantity, row.published, row.agrees ? '=' : '≠', computedText(row), reason(row)]),
    },
  };
}

/** Where a source counts something else than all MACs, they stand behind it. */
function reason({ source, why, quantity, computed, counted }: ComparedCount): string {
  if (why === null) return source;
  const isPart = quantity !== 'parameters' && computed !== counted;
  return `${source}: ${why}${isPart ? `; plain ${quantity} are ${megas(computed, 2)} M` : ''}`;
}

/** What the source's own way gives where that is known, in the unit that it prints; exact where it does. */
function computedText({ published, counted, quantity }: ComparedCount): string {
  if (published.endsWith(' G')) return `${(counted / 1e9).toFixed(4)} G`;
  if (published.endsWith(' M')) return `${megas(counted, quantity === 'parameters' ? 3 : 2)} M`;
  return grouped(counted);
}

function accuracyText(percent: number): string {
  return Number.isInteger(percent * 10) || String(percent).length <= 4 ? percent.toFixed(1) : String(percent);
}
