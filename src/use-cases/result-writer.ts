import type { Filter } from '../batch/filter.js';
import type { Outcome } from '../batch/types.js';
import type { ImageRecord, Prediction, RowPrediction } from '../domain/classification.js';
import { NOT_FINITE } from '../domain/rank.js';
import { median } from '../domain/statistics.js';
import { elementAt } from '../errors/element-at.js';
import { nameBytes } from '../inputs/name.js';
import { type Entry, type Format, type FormatName, refuseLines } from '../report/formats.js';

/** Where results go. */
export interface ResultOutput {
  /** Comes back when more may be written. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Nobody reads any more. */
  readonly isClosed: boolean;
}

/** How many inputs came to what. */
export interface Tally {
  classified: number;
  failed: number;
  /** Of those that failed: the network gave numbers that are none. */
  notFinite: number;
  /** Of those that failed: arguments that lead nowhere. */
  lost: number;
  /** Done by an earlier run that this one resumes. */
  skipped: number;
  /** Of those classified: with a prediction that the filter keeps. */
  matching: number;
}

export interface ResultWriterOptions {
  readonly formatName: FormatName;
  readonly nulOutput: boolean;
  readonly filter: Filter;
  /** Puts predictions into groups, before the filter. */
  readonly group?: ((predictions: readonly Prediction[]) => readonly RowPrediction[]) | undefined;
  /** Told each problem of an input, in one line. */
  readonly onProblem: (problem: string) => void;
}

/** Writes what became of inputs, one by one, between the beginning and the end of a format. */
export class ResultWriter {
  readonly tally: Tally = { classified: 0, failed: 0, notFinite: 0, lost: 0, skipped: 0, matching: 0 };
  readonly #output: ResultOutput;
  readonly #format: Format;
  readonly #options: ResultWriterOptions;
  readonly #times: number[] = [];
  #hasBegun = false;

  constructor(output: ResultOutput, format: Format, options: ResultWriterOptions) {
    this.#output = output;
    this.#format = format;
    this.#options = options;
  }

  get done(): number {
    const { classified, failed, skipped } = this.tally;
    return classified + failed + skipped;
  }

  /** @returns whether the input was classified */
  async write({ input, record }: Outcome): Promise<boolean> {
    const { formatName, nulOutput, onProblem } = this.#options;
    const name = nameBytes(input);
    const problem = 'error' in record ? record.error.message : refuseLines(formatName, nulOutput, name);
    if (problem === undefined) this.tally.classified++;
    else {
      this.tally.failed++;
      if (input.lost) this.tally.lost++;
      if ('error' in record && record.error.code === NOT_FINITE) this.tally.notFinite++;
      onProblem(problem);
    }
    if ('ms' in record) this.#times.push(record.ms.run);
    if (problem === undefined || 'error' in record) {
      await this.#begin();
      const entry = entryOf(record, this.#options, name);
      if ('predictions' in entry.record && entry.record.predictions.length > 0) this.tally.matching++;
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

function entryOf(record: ImageRecord, { filter, group }: ResultWriterOptions, name: Buffer): Entry {
  if ('error' in record) return { record, ranks: [], name };
  const all: readonly RowPrediction[] = group ? group(record.predictions) : record.predictions;
  const kept = filter(all);
  const ranks = kept.map((prediction) => all.indexOf(prediction) + 1);
  const predictions = kept.map((prediction, at) =>
    ranks[at] === at + 1 ? prediction : { ...prediction, rank: elementAt(ranks, at) },
  );
  return { record: { ...record, predictions }, ranks, name };
}
