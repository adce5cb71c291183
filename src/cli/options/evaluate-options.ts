import { UsageError } from '../../errors/errors.js';
import type { EvaluationRecord } from '../../evaluation/record.js';
import { computationOptions, errorOptions, inputOptions, modelOptions, rowOptions } from './batch-options.js';
import { json } from './model-options.js';
import { commaSeparated, flag, text } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

/** Metrics that may be demanded, by the names that JSON has for them. */
const metrics = {
  top1: ({ top1 }: EvaluationRecord) => top1.value,
  top5: ({ top5 }: EvaluationRecord) => top5?.value ?? null,
  macroF1: ({ macroF1 }: EvaluationRecord) => macroF1,
};

export interface Demand {
  readonly metric: keyof typeof metrics;
  readonly least: number;
}

/** What a metric came to; null where it is not known. */
export function metricOf({ metric }: Demand, record: EvaluationRecord): number | null {
  return metrics[metric](record);
}

export const truthOptions = {
  truth: text(
    '--truth <source>',
    'what gives the true classes: folder (the class folder that an image lies in), name (of the image file, as in n01440764_1.jpg or golden_retriever_12.jpg), or a CSV file with file,label (default: folder)',
  ),
  map: text('--map <file>', 'CSV file with two columns: a name that the truth uses, and the class that it stands for'),
  rows: text(
    '--rows <file>',
    'evaluate results of classify --format jsonl, or - for stdin, instead of classifying; use --top 1000 there to get the log loss',
  ),
};

export const reportOptions = {
  perClass: flag('--per-class', 'also print precision, recall and F1 of each class'),
  csv: text('--csv <file>', 'write precision, recall and F1 of each class to this file'),
  errors: text(
    '--errors <file>',
    'write a row of JSONL for each image that is classified wrongly, with its true class',
  ),
  overwrite: flag('--overwrite', 'replace the files of --csv and --errors'),
  atLeast: commaSeparated(
    '--at-least <metric=share>',
    'exit with 6 if top1, top5 or macroF1 is below this share, 0 to 1; several separated by commas',
    parseDemand,
  ),
  json,
  progress: rowOptions.progress,
  quiet: rowOptions.quiet,
};

const { recursive, hidden, include, exclude } = inputOptions;
export const evaluateInputOptions = { recursive, hidden, include, exclude };

const { allowFailures, lenient, maxPixels, timeout } = errorOptions;
export const evaluateErrorOptions = {
  allowFailures: { ...allowFailures, help: 'exit with 0 although some or all images failed' },
  lenient: { ...lenient, help: 'take what is left of a truncated JPEG, PNG or GIF' },
  ...{ maxPixels, timeout },
};

export { computationOptions, modelOptions };

export const evaluateOptions = {
  ...truthOptions,
  ...modelOptions,
  ...computationOptions,
  ...evaluateInputOptions,
  ...reportOptions,
  ...evaluateErrorOptions,
};

export type EvaluateFlags = OptionValues<typeof evaluateOptions>;

function parseDemand(value: string, where: string): Demand {
  const [, metric, least] = /^(\w+)\s*=\s*(\d*\.?\d+)$/.exec(value) ?? [];
  if (metric !== undefined && Object.hasOwn(metrics, metric) && Number(least) <= 1) {
    return { metric: metric as Demand['metric'], least: Number(least) };
  }
  throw new UsageError({ where, expected: 'top1, top5 or macroF1 with a share from 0 to 1, such as top1=0.7' });
}
