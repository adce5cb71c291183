import { readFileSync, statSync } from 'node:fs';
import type { VectorSpace } from '../domain/vector-space.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { vectorCheck } from '../vectors/check.js';
import { HEADER_BYTES, npyHeader } from '../vectors/npy-header.js';
import { type NpyFile, openNpy } from '../vectors/read-npy.js';
import { writeNpy } from '../vectors/write-npy.js';
import { readRows } from './read-rows.js';
import { beginReplacement, type KeepOptions, knownRow, RowSelection } from './resume.js';
import type { Done } from './tasks-to-do.js';
import { checkSpace, namesFileOf, parseNameRow, parseSpaceLine } from './vector-rows.js';

/**
 * Leaves in a `.npy` file and its file of names what still holds: vectors whose row is there, whole and of a file as it is
 * now, and such rows. Both are in the same order, and each row has the check of its vector, so that a row and a vector belong
 * together whenever the process that wrote them, or that resumed before, was killed. The vectors are replaced first, then the
 * names.
 * @returns what is done, and how many vectors stay
 * @throws UsageError where a file is none of ours, or holds vectors of another space
 */
export async function keepValidVectors(
  npy: string,
  space: VectorSpace,
  options: KeepOptions,
): Promise<{ readonly done: Done; readonly rows: number }> {
  const names = namesFileOf(npy);
  const selection = new RowSelection(options);
  const replacement = beginReplacement(names);
  const kept: number[] = [];
  let vectors: NpyFile | undefined;
  try {
    if (sizeOf(names) > 0) vectors = await openOwn(npy, names, space);
    else if (!isBeginning(npy, space.length)) throw withoutNames(npy, names);
    replacement.write(`${JSON.stringify({ space })}\n`);
    let next = 0;
    for await (const { text, where } of wholeRows(names)) {
      const row = parseNameRow(text, where);
      if (!('error' in row)) {
        if (!vectors || next >= vectors.rows || vectorCheck(vectors.read(next, 1)) !== row.check) continue;
        next++;
      }
      if (!(await selection.keeps(knownRow(row)))) continue;
      replacement.write(`${text}\n`);
      if (!('error' in row)) kept.push(next - 1);
    }
    if (vectors) keepVectors(npy, vectors, kept);
    replacement.commit();
  } finally {
    vectors?.close();
    replacement.abandon();
  }
  return { done: selection.done, rows: kept.length };
}

/** The vectors that are there, however many the header says; undefined where there are none. */
async function openOwn(npy: string, names: string, space: VectorSpace): Promise<NpyFile | undefined> {
  for await (const { text, isWhole } of readRows(names)) {
    if (!isWhole) return undefined;
    const where = `${printable(names)}:1`;
    checkSpace(parseSpaceLine(text, where), space, where);
    break;
  }
  const { length: columns } = space;
  const rows = Math.floor((sizeOf(npy) - HEADER_BYTES) / (columns * Float32Array.BYTES_PER_ELEMENT));
  if (rows < 1) return undefined;
  writeNpy(npy, { columns, keep: rows }).close();
  return openNpy(npy);
}

/** Of a file of names, less the first. */
async function* wholeRows(names: string): AsyncGenerator<{ readonly text: string; readonly where: string }> {
  if (sizeOf(names) === 0) return;
  let line = 0;
  for await (const { text, isWhole } of readRows(names)) {
    if (!isWhole) return;
    if (++line > 1) yield { text, where: `${printable(names)}:${line}` };
  }
}

/** Leaves those in the file that are to be kept. */
function keepVectors(npy: string, vectors: NpyFile, kept: readonly number[]): void {
  const { columns } = vectors;
  if (kept.at(-1) === kept.length - 1) {
    writeNpy(npy, { columns, keep: kept.length }).close();
    return;
  }
  const replacement = beginReplacement(npy);
  try {
    replacement.write(npyHeader(kept.length, columns));
    for (const at of kept) {
      const { buffer, byteOffset, byteLength } = vectors.read(at, 1);
      replacement.write(new Uint8Array(buffer, byteOffset, byteLength));
    }
    replacement.commit();
  } finally {
    replacement.abandon();
  }
}

/** Whether a run may have been stopped before it wrote the first vector, or there is no file. */
function isBeginning(npy: string, columns: number): boolean {
  const size = sizeOf(npy);
  return size <= HEADER_BYTES && (size === 0 || readFileSync(npy).equals(npyHeader(0, columns).subarray(0, size)));
}

function withoutNames(npy: string, names: string): UsageError {
  return new UsageError({
    where: `--output ${printable(npy)}`,
    problem: `its file of names ${printable(names)} is missing or empty`,
    remedy: 'add --overwrite instead of --resume',
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
