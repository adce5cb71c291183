import { appendFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openParts, readModelFile } from '../../src/untrusted-data/regular-file.js';
import { canMakeFifo, makeFifo } from '../fifo.js';
import { makeFolder } from '../weights/folder.js';
import { modelErrorOf } from '../weights/golden.js';

describe('readModelFile', () => {
  it('reads a file', () => {
    expect(readModelFile(join(makeFolder({ a: 'xyz' }), 'a'))).toEqual(Uint8Array.of(120, 121, 122));
  });

  it.each([
    ['absent', /absent: no such file/],
    ['a/b', /part of the path is a file, not a folder/],
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

describe('openParts', () => {
  it('reads what is asked for, and refuses to go on in a file that has changed', () => {
    const path = join(makeFolder({ a: 'vwxyz' }), 'a');
    const file = openParts(path);
    const target = new Uint8Array(3);
    file.read(target, 1);
    expect([file.bytes, ...target]).toEqual([5, 119, 120, 121]);
    file.refuseChanged();
    appendFileSync(path, '!');
    expect(modelErrorOf(() => file.refuseChanged())?.message).toMatch(/changed while it was read/);
    truncateSync(path, 2);
    expect(modelErrorOf(() => file.read(target, 1))?.message).toMatch(/became shorter/);
    file.close();
  });

  it('refuses what is no file', () => {
    expect(modelErrorOf(() => openParts(`${makeFolder({})}/absent`))?.message).toMatch(/no such file/);
  });
});
