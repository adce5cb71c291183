import type { CostFacts, ModelFacts, RowRecord } from '../domain/classification.js';
import { formatError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { answersOf } from './answers.js';
import { lineWriter, modelLine, predictionsText } from './classify-text.js';
import { csvHeading, csvRows } from './csv.js';
import type { Format } from './format-types.js';
import { jsonList } from './json.js';
import { jsonlRow } from './jsonl.js';
import { compileTemplate } from './template.js';

export const FORMATS = ['text', 'json', 'jsonl', 'csv', 'tsv', 'parquet', 'paths', 'print'] as const;
export type FormatName = (typeof FORMATS)[number];

export interface FormatOptions {
  /** Unknown where there are no rows to merge. */
  readonly model: ModelFacts | undefined;
  /** Unknown to those who merge. */
  readonly cost?: CostFacts;
  readonly template?: string | undefined;
  /** Names and printed lines end with NUL, and names are given as they are. */
  readonly nul?: boolean;
  /** A person may be looking: no control characters of names. */
  readonly isTerminal?: boolean;
  /** In text: a line for each picture. `names`: of the first pictures, for the width of their column. */
  readonly lines?: { readonly names: readonly string[] } | undefined;
  /** The model in each row of JSON lines; by default it is there. */
  readonly rowModel?: boolean;
}

/** Throws UsageError for a template that is none. */
export async function openFormat(format: FormatName, options: FormatOptions): Promise<Format> {
  if (format !== 'parquet') return createFormat(format, options);
  // Apart, as few results are written like that.
  const { parquetFormat } = await import('./parquet.js');
  return parquetFormat(options.model);
}

/** Parquet files are no text, and their last bytes say where all else is. Throws UsageError where there is no file. */
export function checkParquet(format: FormatName, output: string | undefined): void {
  if (format !== 'parquet' || output !== undefined) return;
  throw new UsageError({ where: '--format parquet', problem: 'needs --output FILE' });
}

export function createFormat(format: Exclude<FormatName, 'parquet'>, options: FormatOptions): Format {
  const { model, cost, template = '', nul = false, isTerminal = false, lines, rowModel = true } = options;
  const end = nul ? '\0' : '\n';
  switch (format) {
    case 'text': {
      const entryText = lines ? lineWriter(lines.names) : predictionsText;
      return {
        begin: () => '',
        entry: ({ record }) =>
          'error' in record || record.predictions.length === 0
            ? ''
            : entryText(record.file, record.predictions, record),
        end: (ms) => (ms === undefined || !model || !cost ? '' : modelLine(model, cost, ms)),
      };
    }
    case 'json': {
      const { begin, entry, end } = jsonList({ model, cost }, 'images');
      return { begin: () => begin, entry: ({ record }) => entry(record), end };
    }
    case 'jsonl':
      return {
        begin: () => '',
        entry: ({ record }) => jsonlRow(record, rowModel ? model : undefined),
        end: () => '',
      };
    case 'csv':
    case 'tsv':
      return {
        begin: () => csvHeading(format),
        entry: ({ record, ranks }) => csvRows(format, isTerminal ? shownOf(record) : record, ranks),
        end: () => '',
      };
    case 'paths':
      return {
        begin: () => '',
        entry: ({ record, name }) => {
          if ('error' in record || record.predictions.length === 0) return '';
          if (isTerminal) return `${printable(record.file)}${end}`;
          return Buffer.concat([name, Buffer.from(end)]);
        },
        end: () => '',
      };
    case 'print': {
      const print = compileTemplate(template);
      return {
        begin: () => '',
        entry: ({ record, ranks, name }) => {
          if ('error' in record) return '';
          const shown = Buffer.from(printable(record.file));
          const exactFile = isTerminal ? shown : name;
          const file = nul ? exactFile : shown;
          const lines = answersOf(record, ranks).flatMap((answer) => [
            print({ file, exactFile, answer }),
            Buffer.from(end),
          ]);
          return Buffer.concat(lines);
        },
        end: () => '',
      };
    }
    default:
      return format satisfies never;
  }
}

/** For a terminal, which would also obey marks that a table may hold. */
function shownOf(record: RowRecord): RowRecord {
  return { ...record, file: printable(record.file) };
}

/** Of a name that a list of lines cannot hold. */
export function refuseLines(format: FormatName, nul: boolean, name: Buffer): string | undefined {
  if (format !== 'paths' || nul || !name.includes(0x0a)) return undefined;
  return formatError({
    where: printable(name.toString('utf8')),
    problem: 'the name contains a newline',
    remedy: 'use --null-output',
  });
}

/** `--format`, or what other options imply. Throws UsageError where they contradict each other. */
export function chooseFormat(format: string | undefined, json: boolean, template: string | undefined): FormatName {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError({ where: `--format ${format}`, problem: 'cannot be combined with --json' });
  }
  if (template !== undefined && (json || format !== undefined)) {
    throw new UsageError({ where: '--print', problem: `cannot be combined with ${json ? '--json' : '--format'}` });
  }
  if (template !== undefined) return 'print';
  return json ? 'json' : ((format as FormatName | undefined) ?? 'text');
}
