import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInputs } from '../../src/inputs/find.js';
import { SeenNames } from '../../src/inputs/seen-names.js';

const COUNT = 200_000;
/** Of a long run with a million names there are 300 MB. */
const MOST_BYTES_A_NAME = 100;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-names-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('names that have been seen', () => {
  it('are told from new ones, few or many', async () => {
    const seen = new SeenNames();
    const name = (index: number) => `/photos/${index}.jpg`;
    for (let index = 0; index < 20_000; index++) {
      expect(await seen.add(name(index))).toBe(true);
      expect(await seen.add(name(index >> 1))).toBe(false);
    }
    for (let index = 0; index < 20_000; index++) expect(await seen.add(name(index))).toBe(false);
  });

  it(`take less than ${MOST_BYTES_A_NAME} bytes each, however long they are`, async () => {
    const list = join(folder, 'list.txt');
    const long = 'a folder with a long name/'.repeat(8);
    writeFileSync(list, Array.from({ length: COUNT }, (_, index) => `${long}${index}.jpg\n`).join(''));
    const used = () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    let count = 0;
    let least = Number.POSITIVE_INFINITY;
    const before = used();
    for await (const _ of findInputs([], { filesFrom: [list, list] })) {
      count++;
      // The least of the last moments: what lies between two collections of garbage is none of it.
      if (count > COUNT / 2 && count % 1000 === 0) least = Math.min(least, used());
    }
    expect(count).toBe(COUNT);
    expect(least - before).toBeLessThan(MOST_BYTES_A_NAME * COUNT);
  }, 60_000);
});
