import { type FailedRecord, SKIPPED } from '../domain/classification.js';
import { normaliseVector, type VectorSpace } from '../domain/vector-space.js';
import { jsonLine } from '../report/json.js';
import { vectorCheck } from '../vectors/check.js';
import { type NpyWriter, writeNpy } from '../vectors/write-npy.js';
import type { Embedded, EmbeddedRecord } from './embed-pictures.js';
import { countError, newTally, type Tally } from './tally.js';
import type { OutcomeWriter, Output } from './write-batch.js';

/** Where vectors and what is said of their pictures go. */
export interface VectorSink {
  begin(): Promise<void>;
  write(record: EmbeddedRecord | FailedRecord, vector: Float32Array | undefined): Promise<void>;
  /** All is written. */
  end(): void;
  /** Lets go of files. */
  close(): void;
}

export interface VectorWriterOptions {
  readonly space: VectorSpace;
  /** Rows for files in folders that are something else than pictures. */
  readonly reportsSkipped: boolean;
  /** Told each problem of an input, in one line. */
  readonly onProblem: (problem: string) => void;
}

/** Writes vectors, normalised where their space says so. */
export class VectorWriter implements OutcomeWriter<Embedded, Tally> {
  readonly tally = newTally();
  readonly #sink: VectorSink;
  readonly #options: VectorWriterOptions;
  #hasBegun = false;

  constructor(sink: VectorSink, options: VectorWriterOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  async write({ input, record, vector }: Embedded): Promise<boolean> {
    const { space, onProblem, reportsSkipped } = this.#options;
    await this.#begin();
    if ('error' in record) {
      const isOther = record.error.code === SKIPPED;
      countError(this.tally, input, record.error);
      if (!isOther) onProblem(record.error.message);
      if (!isOther || reportsSkipped) await this.#sink.write(record, undefined);
      return isOther;
    }
    if (vector && space.normalised) normaliseVector(vector);
    await this.#sink.write(record, vector);
    this.tally.succeeded++;
    return true;
  }

  async end(): Promise<void> {
    await this.#begin();
    this.#sink.end();
  }

  close(): void {
    this.#sink.close();
  }

  async #begin(): Promise<void> {
    if (!this.#hasBegun) await this.#sink.begin();
    this.#hasBegun = true;
  }
}

/** A line for each picture: what is said of it, the space, and the vector in as many digits as single precision has. */
export function jsonLines(output: Pick<Output, 'write'>, space: VectorSpace): VectorSink {
  return {
    async begin() {},
    write(record, vector) {
      const numbers = vector && Array.from(vector, (value) => Number(value.toPrecision(9)));
      return output.write(jsonLine({ ...record, space, vector: numbers }));
    },
    end() {},
    close() {},
  };
}

/**
 * A matrix in a `.npy` file, and a file of names beside it. First a vector is written, then its row: a vector without one is
 * cut off when the run is resumed.
 * @param names opened to be appended to; where `kept` is given there is a first line already
 * @param kept vectors of an earlier run that stay
 */
export function npyFiles(
  npy: string,
  names: Pick<Output, 'write'>,
  space: VectorSpace,
  kept: number | undefined,
): VectorSink {
  let file: NpyWriter | undefined;
  return {
    async begin() {
      if (kept === undefined) await names.write(jsonLine({ space }));
      file = writeNpy(npy, { columns: space.length, ...(kept !== undefined && { keep: kept }) });
    },
    write(record, vector) {
      if (!vector) return names.write(jsonLine(record));
      file!.append(vector);
      file!.flush();
      return names.write(jsonLine({ ...record, check: vectorCheck(vector) }));
    },
    end() {
      file?.close();
      file = undefined;
    },
    close() {
      file?.abandon();
    },
  };
}
