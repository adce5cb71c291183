import { UsageError } from '../errors/errors.js';
import type { SummaryRow } from './summary.js';

/** What a budget can limit; of a row that was only printed somewhere, little is known. */
type Limited = Partial<Pick<SummaryRow, 'flops' | 'memory' | 'alpha' | 'resolution'>> & {
  readonly macs: number | null;
  readonly params: number;
  readonly top1: number | null;
};

const metrics = {
  macs: ({ macs }: Limited) => macs,
  flops: ({ flops }: Limited) => flops,
  params: ({ params }: Limited) => params,
  weights: ({ memory }: Limited) => memory?.weights,
  activations: ({ memory }: Limited) => memory?.activations,
  top1: ({ top1 }: Limited) => top1,
  alpha: ({ alpha }: Limited) => alpha,
  res: ({ resolution }: Limited) => resolution,
} as const;

type Metric = keyof typeof metrics;

const comparisons = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const;

/** Decimal multiples; the B of bytes may follow (`4MB`). */
const multiples: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, b: 1e9 };

interface Limit {
  readonly metric: Metric;
  readonly comparison: keyof typeof comparisons;
  readonly value: number;
}

/**
 * `macs<100M,params<2M`: conditions that all have to hold. Metrics are macs, flops, params, weights and activations
 * (bytes), top1 (percent), alpha, res. Throws UsageError for anything else.
 */
export function parseBudget(text: string): readonly Limit[] {
  return text.split(',').map((part) => {
    const match = /^\s*([a-z0-9]+)\s*(<=|>=|<|>)\s*(\d+\.?\d*|\.\d+)\s*(k|m|g|b)?(b?)\s*$/i.exec(part);
    const [, name = '', comparison, digits, multiple = '', bytes = ''] = match ?? [];
    const metric = name.toLowerCase();
    const inBytes = metric === 'weights' || metric === 'activations';
    if (!match || !Object.hasOwn(metrics, metric) || (bytes !== '' && !inBytes)) {
      throw new UsageError({
        where: `--budget ${part}`,
        expected: `one of ${Object.keys(metrics).join(', ')}, then <, <=, > or >=, then a number such as 100M (4MB for weights and activations)`,
      });
    }
    const factor = inBytes && multiple.toLowerCase() === 'b' ? 1 : (multiples[multiple.toLowerCase()] ?? 1);
    return {
      metric: metric as Metric,
      comparison: comparison as keyof typeof comparisons,
      value: Number(digits) * factor,
    };
  });
}

/** A row without the metric (a top-1 that nobody published) does not fit. */
export function fitsBudget(row: Limited, limits: readonly Limit[]): boolean {
  return limits.every(({ metric, comparison, value }) => {
    const own = metrics[metric](row);
    return own !== null && own !== undefined && comparisons[comparison](own, value);
  });
}
