import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../src/untrusted-data/regular-file.js';
import { canMakeFifo, makeFifo } from '../fifo.js';
import { makeFolder } from '../weights/folder.js';
import { modelErrorOf } from '../weights/golden.js';

describe('readModelFile', () => {
  it('reads a file', () => {
    expect(readModelFile(join(makeFolder({ a: 'xyz' }), 'a'))).toEqual(Uint8Array.of(120, 121, 122));
  });

  it.each([
    ['absent', /absent: no such file/],
    ['a/b', /cannot be read \(ENOTDIR\)/],
    ['', /not a regular file/],
    ['a\0b', /cannot be read/],
  ])('refuses %j', (name, message) => {
    const error = modelErrorOf(() => readModelFile(`${makeFolder({ a: 'xyz' })}/${name}`));
    expect(error?.code).toBe('model-file');
    expect(error?.message).toMatch(message);
  });

  it('refuses a file that is too long', () => {
    const path = join(makeFolder({ a: 'xyz' }), 'a');
    expect(modelErrorOf(() => readModelFile(path, 2))?.message).toMatch(/3 bytes, expected at most 2/);
  });

  it.skipIf(!canMakeFifo)('refuses a pipe without waiting for it', () => {
    const path = join(makeFolder({}), 'pipe');
    makeFifo(path);
    expect(modelErrorOf(() => readModelFile(path))?.message).toMatch(/not a regular file/);
  });
});
