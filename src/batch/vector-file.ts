import type { FailedRecord } from '../domain/classification.js';
import type { VectorSpace } from '../domain/vector-space.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { type NpyFile, openNpy } from '../vectors/read-npy.js';
import { readRows } from './read-rows.js';
import { namesFileOf, parseNameRow, parseSpaceLine, type VectorRow } from './vector-rows.js';

/** What `mobilenet embed --output F.npy` wrote. */
export interface VectorFile {
  readonly space: VectorSpace;
  /** A row for each vector, in order. */
  readonly rows: readonly VectorRow[];
  readonly failed: readonly FailedRecord[];
  readonly vectors: NpyFile;
}

/**
 * Opens a `.npy` file together with its file of names.
 * @throws UsageError where one of them is none of ours, or where they do not belong together, as after a run that was
 * interrupted
 */
export async function openVectorFile(npy: string): Promise<VectorFile> {
  const names = namesFileOf(npy);
  const rows: VectorRow[] = [];
  const failed: FailedRecord[] = [];
  let space: VectorSpace | undefined;
  let line = 0;
  for await (const { text, isWhole } of readRows(names)) {
    const where = `${printable(names)}:${++line}`;
    if (!isWhole) throw interrupted(names, 'its last line is incomplete');
    if (line === 1) space = parseSpaceLine(text, where);
    else {
      const row = parseNameRow(text, where);
      if ('error' in row) failed.push(row);
      else rows.push(row);
    }
  }
  if (!space) throw interrupted(names, 'it is empty');
  const vectors = openNpy(npy);
  if (vectors.rows === rows.length && vectors.columns === space.length) return { space, rows, failed, vectors };
  const shape = `${vectors.rows} vectors of ${vectors.columns} numbers`;
  vectors.close();
  throw interrupted(npy, `${shape}, but ${rows.length} of ${space.length} in ${printable(names)}`);
}

function interrupted(file: string, problem: string): UsageError {
  return new UsageError({
    where: printable(file),
    problem,
    remedy: 'finish the interrupted run: mobilenet embed … --resume',
  });
}
