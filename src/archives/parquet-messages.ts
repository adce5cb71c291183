import type { FileMetaData } from 'hyparquet';
import type { ArchiveFlaw } from './archive-types.js';

/** What the thread of a Parquet file is asked for: the metadata, or the rows of a row group. */
export type ParquetRequest =
  | 'metadata'
  | {
      /** Names of columns. */
      readonly columns: readonly string[];
      readonly start: number;
      readonly end: number;
    };

export interface ParquetFacts {
  readonly metadata: FileMetaData;
  /** Bytes of the file. */
  readonly size: number;
}

/** As hyparquet gives them: values by column. */
export type ParquetRow = Record<string, unknown>;

export type ParquetReply =
  | { readonly facts: ParquetFacts }
  | { readonly rows: ParquetRow[] }
  /** Of an ArchiveError, whose class is lost on the way. */
  | { readonly flaw: ArchiveFlaw['flaw'] }
  /** With what else an error of the file system has. */
  | { readonly error: Error; readonly system?: { readonly code: unknown; readonly syscall: unknown } };
