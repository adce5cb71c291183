import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
let replaceFolder: (from: string, to: string) => void;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-place-'));
  ({ replaceFolder } = await import(new URL('../../scripts/place.mjs', import.meta.url).href));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

it('replaces what has changed, keeps what has not, and removes what an earlier build left', () => {
  write({ 'old/same.js': '1', 'old/changed.js': '1', 'old/gone/gone.js': '1' });
  write({ 'new/same.js': '1', 'new/changed.js': '2', 'new/added/added.js': '1' });
  const inode = statSync(join(folder, 'old/same.js')).ino;
  replaceFolder(join(folder, 'new'), join(folder, 'old'));
  const read = (name: string) => readFileSync(join(folder, 'old', name), 'utf8');
  expect([read('same.js'), read('changed.js'), read('added/added.js')]).toEqual(['1', '2', '1']);
  expect(existsSync(join(folder, 'old/gone'))).toBe(false);
  expect(statSync(join(folder, 'old/same.js')).ino).toBe(inode);
});
