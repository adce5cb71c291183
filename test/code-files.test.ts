import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCode, keepCode } from '../src/code-files.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mobilenet-code-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const scripts = [
  { name: 'one', checksum: 1, data: Uint8Array.of(1, 2, 3) },
  { name: 'two', checksum: 0xffff_fffe, data: new Uint8Array(0) },
  { name: 'three', checksum: 3, data: Uint8Array.from({ length: 1000 }, (_, i) => i * 7) },
];

const plain = (found: ReturnType<typeof findCode>) =>
  found.map((each) => ({ ...each, data: Uint8Array.from(each.data) }));

function onlyFile(): string {
  const files = readdirSync(join(home, 'code'));
  expect(files).toHaveLength(1);
  return join(home, 'code', files[0]!);
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

  it('counts for nothing where any of it is damaged', () => {
    keepCode(home, 'classify', scripts);
    const whole = readFileSync(onlyFile());
    for (let at = 0; at < whole.length; at += 3) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      writeFileSync(onlyFile(), changed);
      expect(findCode(home, 'classify')).toEqual([]);
    }
    for (const length of [0, 3, 8, 40, whole.length - 1]) {
      writeFileSync(onlyFile(), whole);
      truncateSync(onlyFile(), length);
      expect(findCode(home, 'classify')).toEqual([]);
    }
  });

  it.skipIf(process.platform === 'win32')('counts for nothing where others may write it', () => {
    keepCode(home, 'classify', scripts);
    for (const mode of [0o664, 0o646]) {
      chmodSync(onlyFile(), mode);
      expect(findCode(home, 'classify')).toEqual([]);
    }
    chmodSync(onlyFile(), 0o644);
    expect(findCode(home, 'classify')).toHaveLength(3);
  });

  it.skipIf(process.getuid?.() !== 0)('counts for nothing where it is another user’s', async () => {
    keepCode(home, 'classify', scripts);
    const { chownSync } = await import('node:fs');
    chownSync(onlyFile(), 65_534, 65_534);
    expect(findCode(home, 'classify')).toEqual([]);
  });

  it('is in sixteen files at most', () => {
    for (let i = 0; i < 20; i++) keepCode(home, `form ${i}`, scripts);
    expect(readdirSync(join(home, 'code'))).toHaveLength(16);
    expect(findCode(home, 'form 19')).toHaveLength(3);
  });
});
