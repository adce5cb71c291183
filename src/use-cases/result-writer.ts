import type { Selection } from '../batch/select-predictions.js';
import type { Outcome } from '../batch/types.js';
import { type ImageRecord, type RowPrediction, SKIPPED, UNKNOWN } from '../domain/classification.js';
import { median } from '../domain/statistics.js';
import { elementAt } from '../errors/element-at.js';
import { nameBytes } from '../inputs/name.js';
import type { Entry, Format } from '../report/format-types.js';
import { type FormatName, refuseLines } from '../report/formats.js';
import { count, countError, newTally, type Tally } from './tally.js';
import type { OutcomeWriter, Output } from './write-batch.js';

/** How many inputs came to what, and what was found. */
export interface ClassTally extends Tally {
  /** How often each class was the most probable one that the filter keeps. */
  readonly classes: Map<string, number>;
  /** Of those classified: with a prediction that the filter keeps. */
  matching: number;
}

export interface ResultWriterOptions extends Omit<Selection, 'top'> {
  readonly formatName: FormatName;
  readonly nulOutput: boolean;
  /** Rows for files in folders that are something else than pictures. */
  readonly reportsSkipped: boolean;
  /** Told each problem of an input, in one line. */
  readonly onProblem: (problem: string) => void;
}

/** Writes what became of inputs, one by one, between the beginning and the end of a format. */
export class ResultWriter implements OutcomeWriter<Outcome, ClassTally> {
  readonly tally: ClassTally = { ...newTally(), classes: new Map(), matching: 0 };
  readonly #output: Pick<Output, 'write'>;
  readonly #format: Format;
  readonly #options: ResultWriterOptions;
  readonly #times: number[] = [];
  #hasBegun = false;

  constructor(output: Pick<Output, 'write'>, format: Format, options: ResultWriterOptions) {
    this.#output = output;
    this.#format = format;
    this.#options = options;
  }

  /** @returns whether the input was classified, or was none */
  async write({ input, record }: Outcome): Promise<boolean> {
    const { formatName, nulOutput, onProblem, reportsSkipped } = this.#options;
    const name = nameBytes(input);
    if ('error' in record && record.error.code === SKIPPED) {
      countError(this.tally, input, record.error);
      await this.#begin();
      if (reportsSkipped) await this.#output.write(this.#format.entry(entryOf(record, this.#options, name)));
      return true;
    }
    const problem = 'error' in record ? record.error.message : refuseLines(formatName, nulOutput, name);
    if (problem === undefined) this.tally.succeeded++;
    else {
      countError(this.tally, input, 'error' in record ? record.error : { code: 'name', message: problem });
      onProblem(problem);
    }
    if ('ms' in record) this.#times.push(record.ms.run);
    if (problem === undefined || 'error' in record) {
      await this.#begin();
      const entry = entryOf(record, this.#options, name);
      const [best] = 'predictions' in entry.record ? entry.record.predictions : [];
      if (best) {
        this.tally.matching++;
        count(this.tally.classes, 'unknown' in entry.record && entry.record.unknown ? UNKNOWN : best.label);
      }
      await this.#output.write(this.#format.entry(entry));
    }
    return problem === undefined;
  }

  async end(): Promise<void> {
    await this.#begin();
    await this.#output.write(this.#format.end(this.#times.length > 0 ? median(this.#times) : undefined));
  }

  async #begin(): Promise<void> {
    if (!this.#hasBegun) await this.#output.write(this.#format.begin());
    this.#hasBegun = true;
  }
}

function entryOf(record: ImageRecord, { filter, takesUnknown, group }: ResultWriterOptions, name: Buffer): Entry {
  if ('error' in record) return { record, ranks: [], name };
  const all: readonly RowPrediction[] = group ? group(record.predictions) : record.predictions;
  const kept = record.unknown ? (takesUnknown ? all : []) : filter(all);
  const ranks = kept.map((prediction) => all.indexOf(prediction) + 1);
  const predictions = kept.map((prediction, at) =>
    ranks[at] === at + 1 ? prediction : { ...prediction, rank: elementAt(ranks, at) },
  );
  return { record: { ...record, predictions }, ranks, name };
}
