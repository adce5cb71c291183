import { existsSync } from 'node:fs';
import type { VectorSpace } from '../domain/vector-space.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { vectorCheck } from '../vectors/check.js';
import { openNpy } from '../vectors/read-npy.js';
import { readRows } from './read-rows.js';
import { namesFileOf, parseNameRow, parseSpaceLine, type VectorRow } from './vector-rows.js';

/** Vectors that `mobilenet embed` has written, with the names of their pictures. */
export interface VectorFile {
  readonly space: VectorSpace;
  /** What is said of each picture, and its vector, in order. */
  pictures(): AsyncGenerator<{ readonly row: VectorRow; readonly vector: Float32Array }>;
  close(): void;
}

/**
 * Opens a `.npy` file with the file of names beside it.
 * @throws UsageError where one of them is missing, is none of ours, or does not belong to the other; in `pictures` too
 */
export async function openVectorFile(npy: string): Promise<VectorFile> {
  const vectors = openNpy(npy);
  const names = namesFileOf(npy);
  const where = printable(names);
  const mismatch = (problem: string) =>
    new UsageError({
      where,
      problem,
      remedy: `write both files again with mobilenet embed --output ${printable(npy)}`,
    });
  try {
    if (!existsSync(names)) {
      throw new UsageError({
        where,
        problem: 'no such file',
        expected: `the names of the images in ${printable(npy)}`,
        remedy: 'mobilenet embed writes both files',
      });
    }
    const space = await readSpace(names, where);
    if (space.length !== vectors.columns) {
      throw mismatch(`vectors of ${space.length} numbers, but ${printable(npy)} has ${vectors.columns} columns`);
    }
    return {
      space,
      async *pictures() {
        let next = 0;
        let line = 0;
        for await (const { text, isWhole } of readRows(names)) {
          if (!isWhole) {
            throw new UsageError({
              where,
              problem: 'its last line is incomplete',
              remedy: 'finish the interrupted run: mobilenet embed … --resume',
            });
          }
          if (++line === 1) continue;
          const row = parseNameRow(text, `${where}:${line}`);
          if ('error' in row) continue;
          const vector = next < vectors.rows ? vectors.read(next, 1) : undefined;
          if (!vector || vectorCheck(vector) !== row.check) {
            throw mismatch(`the image in line ${line} is not the one of row ${next + 1} in ${printable(npy)}`);
          }
          next++;
          yield { row, vector };
        }
        if (next !== vectors.rows) throw mismatch(`${next} images, but ${printable(npy)} has ${vectors.rows} rows`);
      },
      close: () => vectors.close(),
    };
  } catch (error) {
    vectors.close();
    throw error;
  }
}

async function readSpace(names: string, where: string): Promise<VectorSpace> {
  for await (const { text } of readRows(names)) return parseSpaceLine(text, `${where}:1`);
  throw new UsageError({ where, problem: 'empty', expected: 'a file that mobilenet embed has written' });
}
