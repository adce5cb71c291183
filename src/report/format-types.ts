import type { RowRecord } from '../domain/classification.js';

/** A record to write, and what of it is wanted. */
export interface Entry {
  readonly record: RowRecord;
  /** For each prediction left, its place among all, from 1. */
  readonly ranks: readonly number[];
  /** The bytes of the name. */
  readonly name: Buffer;
}

/** Entries one by one as they come, between a beginning and an end. */
export interface Format {
  begin(): string | Uint8Array;
  entry(entry: Entry): string | Uint8Array;
  /** @param ms the network's time for a picture, where one was classified */
  end(ms: number | undefined): string | Uint8Array;
}
