import type { Selection } from '../batch/select-predictions.js';
import type { Outcome } from '../batch/types.js';
import { type ImageRecord, type RecordError, type RowPrediction, SKIPPED } from '../domain/classification.js';
import { NOT_FINITE } from '../domain/rank.js';
import { median } from '../domain/statistics.js';
import { elementAt } from '../errors/element-at.js';
import { nameBytes } from '../inputs/name.js';
import type { Input } from '../inputs/types.js';
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
  /** Files in folders that are something else than pictures, by what they are. */
  readonly others: Map<string, number>;
  /** How often each class was the most probable one that the filter keeps. */
  readonly classes: Map<string, number>;
  /** Failures by their code. */
  readonly reasons: Map<string, number>;
  /** That classifying took. */
  seconds: number;
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
export class ResultWriter {
  readonly tally: Tally = {
    ...{ classified: 0, failed: 0, notFinite: 0, lost: 0, skipped: 0, matching: 0, seconds: 0 },
    ...{ others: new Map(), classes: new Map(), reasons: new Map() },
  };
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
    const { classified, failed, skipped, others } = this.tally;
    return classified + failed + skipped + [...others.values()].reduce((sum, count) => sum + count, 0);
  }

  /** An input that an earlier run has done: with the error of its row, if it has one. */
  skip(input: Input, error: RecordError | undefined): void {
    if (error) this.#countError(input, error);
    else this.tally.skipped++;
  }

  /** @returns whether the input was classified, or was none */
  async write({ input, record }: Outcome): Promise<boolean> {
    const { formatName, nulOutput, onProblem, reportsSkipped } = this.#options;
    const name = nameBytes(input);
    if ('error' in record && record.error.code === SKIPPED) {
      this.#countError(input, record.error);
      await this.#begin();
      if (reportsSkipped) await this.#output.write(this.#format.entry(entryOf(record, this.#options, name)));
      return true;
    }
    const problem = 'error' in record ? record.error.message : refuseLines(formatName, nulOutput, name);
    if (problem === undefined) this.tally.classified++;
    else {
      this.#countError(input, 'error' in record ? record.error : { code: 'name', message: problem });
      onProblem(problem);
    }
    if ('ms' in record) this.#times.push(record.ms.run);
    if (problem === undefined || 'error' in record) {
      await this.#begin();
      const entry = entryOf(record, this.#options, name);
      const [best] = 'predictions' in entry.record ? entry.record.predictions : [];
      if (best) {
        this.tally.matching++;
        count(this.tally.classes, best.label);
      }
      await this.#output.write(this.#format.entry(entry));
    }
    return problem === undefined;
  }

  async end(): Promise<void> {
    await this.#begin();
    await this.#output.write(this.#format.end(this.#times.length > 0 ? median(this.#times) : undefined));
  }

  #countError(input: Input, { code, kind = code }: RecordError): void {
    if (code === SKIPPED) {
      count(this.tally.others, kind);
      return;
    }
    this.tally.failed++;
    count(this.tally.reasons, code);
    if (input.lost) this.tally.lost++;
    if (code === NOT_FINITE) this.tally.notFinite++;
  }

  async #begin(): Promise<void> {
    if (!this.#hasBegun) await this.#output.write(this.#format.begin());
    this.#hasBegun = true;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
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
