import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program, root } from './run.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-mistakes-'));
  mkdirSync(join(folder, 'photos'));
  copyFileSync(join(root, 'test/photos/alps.jpg'), join(folder, 'photos/alps.jpg'));
  copyFileSync(join(root, 'test/photos/alps.jpg'), join(folder, '-dash.jpg'));
  writeFileSync(join(folder, 'nul.txt'), 'photos/alps.jpg\0photos/alps.jpg\0');
  writeFileSync(join(folder, 'windows.txt'), 'photos/alps.jpg\r\n');
  writeFileSync(join(folder, 'utf16.txt'), '\ufeffphotos/alps.jpg\r\n', 'utf16le');
  writeFileSync(join(folder, 'mark.txt'), '\ufeffphotos/alps.jpg\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(args: readonly string[], stdin: number | 'ignore' = 'ignore') {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: [stdin, 'pipe', 'pipe'],
  });
  return { stdout, stderr, code: status };
}

describe('a mistake', () => {
  it.each([
    [['-dash.jpg'], 2, '-dash.jpg: unknown option; for the file of this name, write ./-dash.jpg'],
    [['-dish.jpg'], 2, '-dish.jpg: unknown option; see mobilenet classify --help'],
    [
      ['--files-from', 'nul.txt'],
      2,
      'nul.txt: a name has a NUL in it, expected a list of names, each on a line of its own; if names end with NUL, add --null',
    ],
    [
      ['--files-from', 'utf16.txt'],
      2,
      'utf16.txt: the list is in UTF-16, expected UTF-8; save it as UTF-8 without a byte order mark',
    ],
    [
      ['--files-from', 'windows.txt'],
      3,
      'photos/alps.jpg\\r: no such file; the name ends with a carriage return: give the list Unix line ends',
    ],
    [
      ['--files-from', 'mark.txt'],
      3,
      'photos/alps.jpg: no such file; the name begins with a byte order mark: remove it from the list',
    ],
    [['--files-from', '/dev/null'], 3, '--files-from /dev/null: no images found, expected a list of names'],
    [['photos', '--output', ''], 2, '--output: expected the name of a file'],
    [['photos', '--output', 'photos', '--format', 'csv'], 2, '--output photos: is a folder'],
    ...['classify', 'embed'].flatMap((command) =>
      ['--overwrite', '--resume'].map((option): [string[], number, string] => [
        [command, 'photos', '--output', 'mark.txt/rows.jsonl', option],
        2,
        '--output mark.txt/rows.jsonl: part of the path is a file, not a folder',
      ]),
    ),
    [['photos', '--output', `${'x'.repeat(300)}.csv`, '--format', 'csv'], 2, 'x.csv: the name is too long'],
    [['explain', 'photos/alps.jpg', '--output', 'mark.txt/x.png'], 2, 'mark.txt/x.png: part of the path is a file'],
    ...['mark.txt/x.onnx', 'mark.txt/x'].flatMap((path): [string[], number, string][] => [
      [['photos', '--weights', path], 4, `${path}: part of the path is a file`],
      [['cost', path], 4, `${path}: part of the path is a file`],
    ]),
    [['merge', 'photos'], 2, 'photos: is a folder'],
    [['photos', '--shard', '1/1000000'], 2, 'such as 3/16, and N at most 999999'],
  ])('%j exits with %i and says what to do', (args, code, message) => {
    const { stderr, ...run_ } = run(args);
    expect(stderr.replace('\ufeff', '')).toContain(message);
    expect(run_).toMatchObject({ code, stdout: '' });
  });

  it.each([[['-']], [['--files-from', '-']], [['classify', '--stdin-frames']], [['merge', '-']]])(
    'a folder on stdin is no empty file: %j',
    (args) => {
      expect(run(args, openSync(join(folder, 'photos'), 'r'))).toEqual({
        stdout: '',
        stderr: 'mobilenet: stdin: is a folder, expected a file or a pipe\n',
        code: 2,
      });
    },
  );

  it('rows of one name in two places are not lost without a word', () => {
    run(['photos', '--output', 'rows.jsonl']);
    const { stdout, stderr, code } = run(['merge', 'rows.jsonl', './rows.jsonl']);
    expect(stderr).toBe('mobilenet: 1 row was left out, as its file name had occurred before\n');
    expect([stdout, code]).toEqual([readFileSync(join(folder, 'rows.jsonl'), 'utf8'), 0]);
  });
});
