import type { Share } from '../evaluation/intervals.js';
import { type ClassMetrics, worstMistakes } from '../evaluation/metrics.js';
import type { EvaluationRecord } from '../evaluation/record.js';
import { alignColumns } from './columns.js';
import type { Column, Section, Table } from './table.js';
import { alphaText } from './units.js';

const MOST_MISTAKES = 10;

/** @param byClass with a table of all classes */
export function evaluationSections(record: EvaluationRecord, byClass: boolean): readonly Section[] {
  const mistakes = worstMistakes(record.confusion, MOST_MISTAKES);
  return [
    { lines: [headLine(record), ...alignColumns(figures(record), ['left', 'right', 'left'])] },
    ...(mistakes.length === 0
      ? []
      : [
          {
            title: 'Most frequent mistakes:',
            lines: alignColumns(
              mistakes.map(({ truth, predicted, count, of }) => [
                `  ${count} of ${of}`,
                `${firstName(truth)} → ${firstName(predicted)}`,
              ]),
              ['right', 'left'],
            ),
          },
        ]),
    {
      title: 'Answers with at least this probability (--min of classify), and how many of them are right:',
      table: coverageTable(record),
    },
    ...(byClass ? [classSection(record.perClass)] : []),
  ];
}

/** Metrics of each class as a page's main table. */
export function classSection(perClass: readonly ClassMetrics[]): Section {
  const share: Pick<Column, 'side' | 'format'> = { side: 'right', format: (value) => value.toFixed(3) };
  return {
    isMain: true,
    table: {
      columns: [
        { name: 'class', side: 'left' },
        { name: 'precision', ...share },
        { name: 'recall', ...share },
        { name: 'F1', ...share },
        { name: 'images', side: 'right' },
      ],
      rows: perClass.map(({ label, precision, recall, f1, support }) => [label, precision, recall, f1, support]),
    },
  };
}

function headLine({ n, failed, unknown, model, perClass }: EvaluationRecord): string {
  const classes = perClass.filter(({ support }) => support > 0).length;
  const counts = [`${counted(n, 'image')} of ${counted(classes, 'class', 'classes')}`];
  if (failed > 0) counts.push(`${failed} more failed`);
  if (unknown > 0) counts.push(`${unknown} unknown to the model, counted as wrong`);
  if (!model) return counts.join(', ');
  const { network, alpha, resolution, dtype, weights } = model;
  const ran = `${network} ${alphaText(alpha)} at ${resolution} × ${resolution}, ${dtype}`;
  // Of bundled weights the file says nothing more.
  return `${weights.startsWith(network) ? ran : `${weights} (${ran})`}: ${counts.join(', ')}`;
}

function figures(record: EvaluationRecord): string[][] {
  const { top1, top5, macroPrecision, macroRecall, macroF1, logLoss, ece, reasons } = record;
  return [
    shareRow('top-1', top1),
    top5 ? shareRow('top-5', top5) : ['top-5', '–', `${reasons.top5}`],
    ['macro precision', macroPrecision.toFixed(3), ''],
    ['macro recall', macroRecall.toFixed(3), ''],
    ['macro F1', macroF1.toFixed(3), ''],
    logLoss === null ? ['log loss', '–', `${reasons.logLoss}`] : ['log loss', logLoss.toFixed(3), zerosText(record)],
    ['calibration error', ece.toFixed(3), ''],
  ];
}

/** The logarithm of 0 has no value. */
function zerosText({ zeroProbability }: EvaluationRecord): string {
  if (zeroProbability === 0) return 'nats';
  return `nats; ${counted(zeroProbability, 'true class', 'true classes')} with probability 0 counted as 36.04`;
}

function shareRow(name: string, { value, low95, high95 }: Share): string[] {
  return [name, percent(value), `95 % confidence: ${percent(low95)} to ${percent(high95)}`];
}

function coverageTable({ coverage }: EvaluationRecord): Table {
  return {
    columns: [
      { name: '--min', side: 'right', format: (min) => min.toFixed(2) },
      { name: 'answered', side: 'right', format: percent },
      { name: 'right', side: 'right', format: percent },
    ],
    rows: coverage.map(({ min, coverage: covered, accuracy }) => [min, covered, accuracy]),
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function firstName(label: string): string {
  return label.split(', ')[0]!;
}
