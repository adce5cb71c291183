import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { npyHeader } from '../../src/vectors/npy-header.js';
import { openNpy } from '../../src/vectors/read-npy.js';
import { writeNpy } from '../../src/vectors/write-npy.js';

const golden = (name: string) => fileURLToPath(new URL(`../golden/npy/${name}.npy`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'npy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = [0, 1, 2].map((row) => Float32Array.from([0, 1, 2, 3], (column) => (row * 4 + column - 5) / 8));

function write(path: string, some: readonly Float32Array[], options: { readonly keep?: number } = {}): void {
  const file = writeNpy(path, { columns: 4, ...options });
  for (const row of some) file.append(row);
  file.close();
}

function readAll(path: string): number[][] {
  const file = openNpy(path);
  try {
    return Array.from({ length: file.rows }, (_, row) => [...file.read(row, 1)]);
  } finally {
    file.close();
  }
}

test('what is written is byte for byte what numpy writes', () => {
  const path = join(folder, 'written.npy');
  write(path, rows);
  expect(readFileSync(path).equals(readFileSync(golden('f4')))).toBe(true);
  write(path, []);
  expect(readFileSync(path).equals(readFileSync(golden('none')))).toBe(true);
  expect(npyHeader(12_345_678_901, 1280)).toHaveLength(128);
});

test.each(['f2', 'f4', 'f8', 'version-2'])('reads %s of numpy', (name) => {
  expect(readAll(golden(name))).toEqual(rows.map((row) => [...row]));
});

test('many rows in blocks', () => {
  const path = join(folder, 'many.npy');
  const file = writeNpy(path, { columns: 700 });
  for (let row = 0; row < 1000; row++) file.append(new Float32Array(700).fill(row));
  expect(file.rows).toBe(1000);
  file.close();
  const opened = openNpy(path);
  const blocks = [...opened.blocks()];
  opened.close();
  expect(blocks.length).toBeGreaterThan(1);
  const firsts = blocks.flatMap((block) => Array.from({ length: block.length / 700 }, (_, row) => block[row * 700]));
  expect(firsts).toEqual(Array.from({ length: 1000 }, (_, row) => row));
});

test('an interrupted file is refused until it is continued from the rows that are to be kept', () => {
  const path = join(folder, 'resumed.npy');
  const file = writeNpy(path, { columns: 4 });
  file.append(rows[0]!);
  file.append(rows[1]!);
  file.flush();
  file.abandon();
  expect(readAll(path)).toHaveLength(2);
  appendFileSync(path, Buffer.alloc(7));
  expect(() => openNpy(path)).toThrow(
    /resumed\.npy: 167 bytes, but its header says 2 × 4 numbers: 160 bytes; .*interrupted/,
  );
  write(path, rows.slice(1), { keep: 1 });
  expect(readAll(path)).toEqual(rows.map((row) => [...row]));
  expect(() => writeNpy(path, { columns: 5, keep: 1 })).toThrow(/not the file that was being written/);
  expect(() => writeNpy(path, { columns: 4, keep: 4 })).toThrow(/expected 4 or more rows of 4 floats/);
  expect(readAll(path)).toHaveLength(3);
});

test.each([
  ['fortran', /Fortran order, expected C order/],
  ['big-endian', /numbers of type ">f4", expected floats/],
  ['integers', /numbers of type "<i4"/],
  ['one-dimension', /1 dimensions, expected 2/],
  ['three-dimensions', /3 dimensions, expected 2/],
  ['fields', /damaged \.npy header/],
  ['objects', /numbers of type "\|O"/],
])('refuses %s', (name, message) => {
  expect(() => openNpy(golden(name))).toThrow(message);
});

test('refuses files that are damaged', () => {
  const path = join(folder, 'damaged.npy');
  const whole = readFileSync(golden('f4'));
  const damage = (bytes: Buffer) => {
    writeFileSync(path, bytes);
    return () => openNpy(path);
  };
  expect(damage(Buffer.from('\x93NUMPY'))).toThrow('not a .npy file');
  expect(damage(Buffer.from('{"file":"a.jpg","and":"more"}'))).toThrow('not a .npy file');
  const replaced = (from: string, to: string) => Buffer.from(whole.toString('latin1').replace(from, to), 'latin1');
  expect(damage(replaced('(3, 4)', '(9, 4)'))).toThrow(/header says 9 × 4.*truncated/);
  expect(damage(replaced('(3, 4)', '(3, 0)'))).toThrow(/shape of 3 × 0/);
  const shape = '(999999999999999999, 4), }';
  expect(damage(replaced('(3, 4), }'.padEnd(shape.length), shape))).toThrow(/shape of/);
  expect(damage(replaced('(3, 4), }'.padEnd(8), '(3, 4, }'))).toThrow('damaged .npy header');
  expect(damage(replaced("'shape'", "'Shape'"))).toThrow('damaged .npy header');
  expect(damage(Buffer.from([...whole.subarray(0, 8), 255, 255, ...whole.subarray(10)]))).toThrow(
    'damaged .npy header',
  );
  expect(damage(Buffer.from([...whole.subarray(0, 6), 4, ...whole.subarray(7)]))).toThrow(/version 4/);
  writeFileSync(path, whole);
  truncateSync(path, 130);
  expect(() => openNpy(path)).toThrow(/truncated/);
  expect(() => openNpy(folder)).toThrow(/not a regular file/);
  expect(() => openNpy(join(folder, 'missing.npy'))).toThrow(/no such file/);
});
