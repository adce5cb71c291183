import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCode } from '../../../src/cli/start/code-files.js';
import { keepCode, openCodeFolder } from '../../../src/cli/start/keep-code.js';
import { canMakeFifo, makeFifo } from '../../fifo.js';

let place: string;
let home: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'mobilenet-code-'));
  home = join(place, 'cache/code');
  expect(openCodeFolder(home)).toBe(true);
});
afterEach(() => rmSync(place, { recursive: true }));

const scripts = [
  { name: 'one', source: Uint8Array.from(Buffer.from('one()')), data: Uint8Array.of(1, 2, 3) },
  { name: 'two', source: new Uint8Array(0), data: new Uint8Array(0) },
  { name: 'three', source: Uint8Array.of(51), data: Uint8Array.from({ length: 1000 }, (_, i) => i * 7) },
];

const plain = (found: ReturnType<typeof findCode>) =>
  found.map(({ name, source, data }) => ({ name, source: Uint8Array.from(source), data: Uint8Array.from(data) }));

function onlyFile(): string {
  const files = readdirSync(home);
  expect(files).toHaveLength(1);
  return join(home, files[0]!);
}

describe('compiled code', () => {
  it('comes back as it was kept, for the same form of the command', () => {
    expect(findCode(home, 'classify')).toEqual([]);
    keepCode(home, 'classify', scripts);
    expect(plain(findCode(home, 'classify'))).toEqual(scripts);
    expect(findCode(home, 'classify --top')).toEqual([]);
    keepCode(home, 'classify', scripts.slice(1));
    expect(plain(findCode(home, 'classify'))).toEqual(scripts.slice(1));
  });

  it('lies where V8 need not copy it', () => {
    keepCode(home, 'classify', scripts);
    expect(findCode(home, 'classify').map(({ data }) => data.byteOffset % 8)).toEqual([0, 0, 0]);
  });

  // Sources are compared with the scripts where they are used.
  it('counts for nothing where any of it is damaged', () => {
    keepCode(home, 'classify', scripts);
    const whole = readFileSync(onlyFile());
    const ofCode = 2 * whole.readUInt32LE(0);
    expect(ofCode).toBeGreaterThan(2000);
    for (let at = 0; at < ofCode; at += 3) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      writeFileSync(onlyFile(), changed);
      expect(findCode(home, 'classify')).toEqual([]);
    }
    for (const length of [0, 3, 8, 40, ofCode - 1, whole.length - 8]) {
      writeFileSync(onlyFile(), whole);
      truncateSync(onlyFile(), length);
      expect(findCode(home, 'classify')).toEqual([]);
    }
  });

  it.skipIf(process.platform === 'win32')('counts for nothing where others may write it or its folder', () => {
    expect(statSync(home).mode & 0o777).toBe(0o700);
    keepCode(home, 'classify', scripts);
    for (const path of [onlyFile(), home]) {
      const { mode } = statSync(path);
      for (const others of [0o020, 0o002]) {
        chmodSync(path, mode | others);
        expect(findCode(home, 'classify')).toEqual([]);
      }
      expect(openCodeFolder(home)).toBe(path !== home);
      chmodSync(path, mode);
    }
    expect(findCode(home, 'classify')).toHaveLength(3);
  });

  it.skipIf(process.getuid?.() !== 0)('counts for nothing where it or its folder is another user’s', () => {
    keepCode(home, 'classify', scripts);
    for (const path of [onlyFile(), home]) {
      chownSync(path, 65_534, 65_534);
      expect(findCode(home, 'classify')).toEqual([]);
      chownSync(path, 0, 0);
    }
    expect(findCode(home, 'classify')).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')('counts for nothing behind a link', () => {
    keepCode(home, 'classify', scripts);
    const path = onlyFile();
    const elsewhere = join(place, 'elsewhere');
    copyFileSync(path, elsewhere);
    rmSync(path);
    symlinkSync(elsewhere, path);
    expect(findCode(home, 'classify')).toEqual([]);
    rmSync(path);
    copyFileSync(elsewhere, path);
    expect(findCode(home, 'classify')).toHaveLength(3);
    renameSync(home, join(place, 'moved'));
    symlinkSync(join(place, 'moved'), home);
    expect(findCode(home, 'classify')).toEqual([]);
  });

  it.skipIf(!canMakeFifo)('counts for nothing where it is a pipe, and nobody waits for a writer', () => {
    keepCode(home, 'classify', scripts);
    const path = onlyFile();
    rmSync(path);
    makeFifo(path);
    expect(findCode(home, 'classify')).toEqual([]);
  });

  it('is in sixteen files at most, and files of others stay', () => {
    for (let i = 0; i < 30; i++) writeFileSync(join(home, `essay ${i}.txt`), 'mine');
    for (let i = 0; i < 20; i++) keepCode(home, `form ${i}`, scripts);
    const names = readdirSync(home);
    expect(names.filter((name) => name.startsWith('essay'))).toHaveLength(30);
    expect(names).toHaveLength(30 + 16);
    expect(findCode(home, 'form 19')).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')('has no folder where none can be made', () => {
    writeFileSync(join(place, 'in the way'), '');
    expect(openCodeFolder(join(place, 'in the way/code'))).toBe(false);
  });
});
