import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobilenet, root } from './run.js';

const photo = join(root, 'test/photos/alps.jpg');
const beginning = readFileSync(photo).subarray(0, 600);

/** Names and contents of what lies beside pictures, with what it is counted as. */
const others: readonly (readonly [string, string | Buffer, string])[] = [
  ['README', 'plain words\n', 'text'],
  ['notes.txt', 'plain words\n', 'text'],
  ['utf16.txt', Buffer.from('\ufeffwords', 'utf16le'), 'text'],
  ['a.json', '{"a": 1}', 'JSON'],
  ['page.html', '<!doctype html><html></html>', 'HTML'],
  ['feed.xml', '<?xml version="1.0"?><feed/>', 'XML'],
  ['doc.pdf', '%PDF-1.7\n', 'PDF'],
  ['film.mp4', Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isommp42', 'latin1'), 'video'],
  ['film.mkv', Buffer.from('\x1aE\xdf\xa3\x01\0\0\0', 'latin1'), 'video'],
  ['film.avi', Buffer.from('RIFF\x10\0\0\0AVI LIST', 'latin1'), 'video'],
  ['song.mp3', Buffer.from('ID3\x03\0\0\0\0', 'latin1'), 'audio'],
  ['song.m4a', Buffer.from('\0\0\0\x18ftypM4A \0\0\x02\0isom', 'latin1'), 'audio'],
  ['all.tar.gz', gzipSync('words'), 'archive'],
  [
    'letter.docx',
    Buffer.from('PK\x03\x04\x14\0\x06\0\x08\0........................[Content_Types].xml', 'latin1'),
    'document',
  ],
  ['Thumbs.db', Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'latin1'), 'document'],
  ['hidden.jpg', Buffer.from('\0\x05\x16\x07\0\x02\0\0Mac OS X', 'latin1'), 'system'],
  ['nothing.txt', '', 'empty'],
  ['noise.bin', Buffer.from([3, 1, 4, 1, 5, 9, 2, 6]), 'unknown'],
];

/** What stays an error, with its code. */
const faults: readonly (readonly [string, string | Buffer, string])[] = [
  ['text.jpg', 'not a picture', 'unsupported-format'],
  ['page.png', '<!doctype html><html></html>', 'unsupported-format'],
  ['doc.jpg', '%PDF-1.7\n', 'unsupported-format'],
  ['film.jpg', Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isommp42', 'latin1'), 'unsupported-format'],
  ['drawing.svgz', gzipSync('<svg/>'), 'unsupported-format'],
  ['empty.jpg', '', 'empty'],
  ['noise.jpg', Buffer.from([3, 1, 4, 1, 5, 9, 2, 6]), 'unsupported-format'],
  ['torn.jpg', beginning, 'corrupt'],
  ['no-ending', Buffer.from([3, 1, 4, 1, 5, 9, 2, 6]), 'unsupported-format'],
  ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'unsupported-format'],
  ['layers.psd', '8BPS\0\x01', 'unsupported-format'],
  ['first-byte.jpg', Buffer.concat([Buffer.from([0xff, 0xfb]), beginning.subarray(2)]), 'unsupported-format'],
];

let folder: string;
let mixed: string;
let broken: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-folders-'));
  [mixed, broken] = [join(folder, 'mixed'), join(folder, 'broken')];
  for (const [place, files] of [
    [mixed, others],
    [broken, faults],
  ] as const) {
    mkdirSync(place);
    copyFileSync(photo, join(place, 'photo.jpg'));
    for (const [name, content] of files) writeFileSync(join(place, name), content);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly file: string;
  readonly error?: { readonly code: string; readonly kind?: string };
}
const rows = (text: string): Row[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const outcomes = (text: string, key: 'code' | 'kind', place: string) =>
  Object.fromEntries(
    rows(text).flatMap(({ file, error }) => (error ? [[file.slice(place.length + 1), error[key]]] : [])),
  );
const last = (text: string) => text.trimEnd().split('\n').at(-1);

describe('files in a folder that are no pictures', () => {
  it('are skipped and counted in one line: exit 0', () => {
    const { stdout, stderr, code } = mobilenet('classify', mixed, '--format', 'jsonl');
    expect(rows(stdout).map(({ file }) => file)).toEqual([join(mixed, 'photo.jpg')]);
    expect(last(stderr)).toBe(
      `mobilenet: ${others.length} other files skipped: 3 text, 3 video, 2 audio, 2 document, 1 HTML, 1 JSON, 1 PDF, ` +
        '1 XML, 1 archive, 1 empty, 1 system, 1 unknown',
    );
    expect(code).toBe(0);
    expect(mobilenet('classify', mixed, '--strict', '--quiet').stderr).toBe('');
  });

  it.each([[[]], [['--jobs', '2']], [['--jobs', '2', '--timeout', '60']]])(
    'have rows with --report-skipped, that runs resume from and merge takes as no failures (%j)',
    (options) => {
      const output = join(folder, `rows${options.length}.jsonl`);
      const run = (...more: string[]) =>
        mobilenet('classify', mixed, '--report-skipped', '--output', output, ...options, ...more);
      const first = run();
      const written = readFileSync(output, 'utf8');
      expect(outcomes(written, 'kind', mixed)).toEqual(
        Object.fromEntries(others.map(([name, , kind]) => [name, kind])),
      );
      const second = run('--resume');
      expect(readFileSync(output, 'utf8')).toBe(written);
      expect(last(second.stderr)).toBe(last(first.stderr));
      expect([first.code, second.code, mobilenet('merge', output).code]).toEqual([0, 0, 0]);
    },
  );

  it('are errors where they are named: as arguments, by a pattern, in a list', () => {
    const list = join(folder, 'list');
    writeFileSync(list, `${join(mixed, 'notes.txt')}\n${join(mixed, 'photo.jpg')}\n`);
    const named = [[join(mixed, 'notes.txt'), join(mixed, 'photo.jpg')], [join(mixed, '{notes.txt,photo.jpg}')]];
    for (const args of [...named, ['--files-from', list], [join(mixed, '**')]]) {
      const { stdout, code } = mobilenet('classify', ...args, '--format', 'jsonl');
      expect([outcomes(stdout, 'code', mixed)['notes.txt'], code]).toEqual(['unsupported-format', 1]);
    }
  });

  it('alone are no input: exit 3', () => {
    const place = join(folder, 'alone');
    mkdirSync(place);
    writeFileSync(join(place, 'README.md'), 'words');
    const { stderr, code } = mobilenet('classify', place);
    expect(stderr).toMatch(
      /^mobilenet: 1 other file skipped: 1 text\nmobilenet: .*alone: no images found, .*; add --report-skipped [^\n]*\n$/,
    );
    expect(code).toBe(3);
    writeFileSync(join(place, 'images.zip'), 'PK\x03\x04');
    expect(mobilenet('classify', place).stderr).toContain(
      "name archives that are in a folder, as in 'folder/*.tar', and extract those that are in an archive",
    );
  });
});

describe('files in a folder that are meant to be pictures', () => {
  it('stay errors', () => {
    const { stdout, stderr, code } = mobilenet('classify', broken, '--format', 'jsonl');
    expect(outcomes(stdout, 'code', broken)).toEqual(Object.fromEntries(faults.map(([name, , why]) => [name, why])));
    expect(stderr).toContain(`1 classified, ${faults.length} failed (10 unsupported format, 1 corrupt, 1 empty), `);
    expect(code).toBe(1);
  });
});

describe('the summary after a batch', () => {
  it('counts, names the most frequent classes and the speed', () => {
    const { stderr, code } = mobilenet('classify', 'test/photos');
    expect(stderr).toMatch(
      /^mobilenet: 4 classified, \d+\.\d images\/s\nmobilenet: most frequent: 1 \w.*\nmobilenet: 1 other file skipped: 1 text\n$/,
    );
    expect(code).toBe(0);
  });

  it('is not for a few names, nor with --quiet', () => {
    expect(mobilenet('classify', photo, photo).stderr).toBe('');
    expect(mobilenet('classify', 'test/photos', '--quiet').stderr).toBe('');
  });
});
