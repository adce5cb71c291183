import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mobilenet, program, root } from './run.js';
import { hasShellTools } from './shell-tools.js';

const photo = join(root, 'test/photos/alps.jpg');

let top: string;
let folder: string;
let count = 0;
let row: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'mobilenet-outputs-'));
  row = mobilenet('classify', photo, '--format', 'jsonl', '--top', '3').stdout;
});
afterAll(() => rmSync(top, { recursive: true }));
beforeEach(() => {
  folder = join(top, String(count++));
  mkdirSync(folder);
});

const at = (name: string) => join(folder, name);
const write = (name: string, text: string) => {
  writeFileSync(at(name), text);
  return at(name);
};
const read = (name: string) => readFileSync(at(name), 'utf8');
const named = (file: string) => `${JSON.stringify({ ...JSON.parse(row), file })}\n`;
/** A shell's command line; `$M` is the command, `$1` the folder. */
const shell = (script: string, env: Readonly<Record<string, string>> = {}) =>
  spawnSync('bash', ['-c', `M() { "$NODE" "$PROGRAM" "$@"; }; cd "$1"; ${script}`, 'bash', folder], {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, PROGRAM: program, PHOTO: photo, ...env },
    timeout: 60_000,
  });
const hasBash = hasShellTools && spawnSync('bash', ['-c', 'mkfifo --version']).status === 0;

describe('what is replaced', () => {
  it('by merge takes no file’s name but its own', () => {
    const part = write('all.jsonl.new', row);
    expect(mobilenet('merge', part, '--output', at('all.jsonl'))).toEqual({ stdout: '', stderr: '', code: 0 });
    expect([read('all.jsonl'), read('all.jsonl.new')]).toEqual([row, row]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('by --resume takes no file’s name but its own', () => {
    write('rows.jsonl', named('gone.jpg'));
    write('rows.jsonl.resume', 'precious');
    expect(mobilenet('classify', photo, '--output', at('rows.jsonl'), '--resume', '--top', '3').code).toBe(0);
    expect(read('rows.jsonl').trimEnd().split('\n')).toHaveLength(2);
    expect(read('rows.jsonl.resume')).toBe('precious');
    expect(readdirSync(folder).toSorted()).toEqual(['rows.jsonl', 'rows.jsonl.done', 'rows.jsonl.resume']);
  });

  it.skipIf(process.platform === 'win32')('keeps its permissions, and the place that a link leads to', () => {
    mkdirSync(at('store'));
    for (const [name, ...args] of [
      ['merged.jsonl', 'merge', write('part.jsonl', row), '--overwrite'],
      ['resumed.jsonl', 'classify', photo, '--resume', '--top', '3'],
    ] as const) {
      chmodSync(write(`store/${name}`, named('gone.jpg')), 0o600);
      symlinkSync(join('store', name), at(name));
      expect(mobilenet(...args, '--output', at(name)).code).toBe(0);
      expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
      expect(read(`store/${name}`)).toContain(JSON.stringify(photo));
      expect(statSync(at(`store/${name}`)).mode & 0o777).toBe(0o600);
    }
    symlinkSync('not-yet.jsonl', at('dangling.jsonl'));
    expect(mobilenet('merge', at('part.jsonl'), '--output', at('dangling.jsonl')).code).toBe(0);
    expect(read('not-yet.jsonl')).toBe(row);
  });

  it('stays where nothing comes to replace it', () => {
    const labels = write('labels.txt', 'one\n');
    const list = join(folder, 'none.txt');
    for (const args of [
      ['--labels', labels],
      ['--files-from', list],
      ['--only', 'no such class'],
    ]) {
      const old = write('old.csv', 'old');
      const { stderr, code } = mobilenet('classify', photo, ...args, '--output', old, '--overwrite');
      expect([read('old.csv'), stderr.trimEnd().split('\n').length, code === 0]).toEqual(['old', 1, false]);
    }
    const itself = ['--labels', labels, '--output', labels, '--format', 'csv', '--overwrite'];
    expect(mobilenet('classify', photo, ...itself)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is also an input'),
    });
    expect(read('labels.txt')).toBe('one\n');
    expect(mobilenet('classify', at('missing.jpg'), '--output', at('old.csv'), '--overwrite').code).toBe(3);
    expect(read('old.csv')).toMatch(/^file,rank.*\n.*,not-found,\n$/);
  });

  it('is not an input under another name either', () => {
    mkdirSync(at('pictures'));
    copyFileSync(photo, at('pictures/a.jpg'));
    symlinkSync('pictures', at('link'));
    symlinkSync('../outside.csv', at('pictures/latest.csv'));
    const first = ['classify', at('pictures'), '--quiet', '--top', '1', '--overwrite', '--output', at('outside.csv')];
    expect(mobilenet(...first)).toMatchObject({ stderr: '' });
    expect(mobilenet(...first)).toMatchObject({ stderr: '', code: 0 });
    const inside = [
      'classify',
      `${at('link')}/`,
      '--quiet',
      '--top',
      '1',
      '--overwrite',
      '--output',
      at('pictures/own.csv'),
    ];
    rmSync(at('pictures/latest.csv'));
    for (let time = 0; time < 2; time++) expect(mobilenet(...inside)).toMatchObject({ stderr: '', code: 0 });
  });
});

describe('merge', () => {
  it.each([
    ['"abc"'],
    ['5'],
    ['{"file":"a","predictions":[],"model":{"network":"n"},"fileBase64":5}'],
    ['{"file":"a","error":null,"model":{"network":"n"}}'],
    ['{"file":"a","error":"boom","model":{"network":"n"}}'],
    ['{"file":"a","predictions":[{}],"model":{"network":"n"}}'],
    ['{"file":"a","predictions":[null],"model":{"network":"n"}}'],
  ])('refuses %s', (line) => {
    const part = write('part.jsonl', `${line}\n`);
    for (const format of ['jsonl', 'csv', 'paths']) {
      expect(mobilenet('merge', part, '--format', format)).toEqual({
        stdout: '',
        stderr: `mobilenet: ${part}:1: not a result, expected a row of mobilenet classify --format jsonl\n`,
        code: 2,
      });
    }
  });

  it('takes rows that end as on Windows', () => {
    const { stdout, code } = mobilenet('merge', write('part.jsonl', row.replace('\n', '\r\n')));
    expect([stdout, code]).toEqual([row, 0]);
  });

  it('gives the ranks that the pictures had', () => {
    const filtered = (format: string) =>
      mobilenet('classify', photo, '--top', '5', '--not', 'alp', '--format', format).stdout;
    const part = write('part.jsonl', filtered('jsonl'));
    expect(mobilenet('merge', part, '--format', 'csv').stdout).toBe(filtered('csv'));
    expect(filtered('csv')).toMatch(/\.jpg,2,/);
  });

  it('of nothing gives a heading, and one document', () => {
    const part = write('empty.jsonl', '');
    expect(mobilenet('merge', part, '--format', 'csv').stdout).toBe(
      'file,rank,index,id,label,probability,error,note\n',
    );
    expect(JSON.parse(mobilenet('merge', part, '--json').stdout)).toEqual({ images: [] });
    const { model, ...entry } = JSON.parse(row);
    const found = JSON.parse(mobilenet('merge', write('one.jsonl', row), '--json').stdout);
    expect(found).toEqual({ model, images: [entry] });
  });

  it('writes what the ending says, or refuses', () => {
    const part = write('part.jsonl', row);
    expect(mobilenet('merge', part, '--output', at('a.paths')).code).toBe(0);
    expect(read('a.paths')).toBe(`${photo}\n`);
    for (const name of ['a.txt', 'a.print']) {
      expect(mobilenet('merge', part, '--output', at(name))).toMatchObject({ code: 2 });
      if (name !== 'a.txt') expect(mobilenet('classify', photo, '--output', at(name))).toMatchObject({ code: 2 });
    }
  });

  it.skipIf(!hasBash)('refuses what its own stdout has emptied', () => {
    write('all.jsonl', row);
    const { stderr, status } = shell('M merge all.jsonl > all.jsonl');
    expect([stderr, status]).toEqual(['mobilenet: all.jsonl: is also the output\n', 2]);
  });

  it.skipIf(process.platform === 'win32')('leaves nothing behind after Ctrl-C', async () => {
    const child = spawn(process.execPath, [program, 'merge', '-', '--output', at('all.jsonl')]);
    child.stdin.write(row);
    while (readdirSync(folder).length === 0) await new Promise((go) => setTimeout(go, 20));
    child.kill('SIGINT');
    setTimeout(() => child.stdin.write(named('b')), 100);
    expect(await new Promise((go) => child.once('exit', go))).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.skipIf(!hasBash)('a list that comes through a pipe', () => {
  const SIZE = 230;
  const links = () => {
    mkdirSync(at('many'));
    for (let index = 0; index < SIZE; index++) symlinkSync(photo, at(`many/${index}.jpg`));
  };
  it.each([
    ['<(…)', 'M classify --files-from <(find many -name "*.jpg") --top 1 --format paths'],
    ['/dev/stdin', 'find many -name "*.jpg" | M classify --files-from /dev/stdin --top 1 --format paths'],
    ['a FIFO', 'mkfifo f; find many -name "*.jpg" > f & M classify --files-from f --top 1 --format paths'],
    ['<(…), with progress', 'M classify --files-from <(find many -name "*.jpg") --top 1 --format paths --progress'],
  ])('is read once: %s', (_, script) => {
    links();
    const { stdout, status } = shell(script);
    expect([new Set(stdout.trimEnd().split('\n')).size, status]).toEqual([SIZE, 0]);
  });
});

describe.skipIf(!hasBash)('a pipe in which nothing comes', () => {
  it.each([
    ['classify a list', 'classify --files-from f --top 1 --format paths'],
    ['merge', 'merge f --output all.csv'],
    ['merge stdin', 'merge - --output all.csv < f'],
  ])('is left at the first signal: %s', (_, args) => {
    const wait = 'sleep 1.5; kill -INT $pid; wait $pid; echo $?';
    const started = performance.now();
    const { stdout } = shell(`mkfifo f; sleep 30 > f & "$NODE" "$PROGRAM" ${args} & pid=$!; ${wait}; kill %1`);
    expect(stdout).toBe('130\n');
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(readdirSync(folder)).toEqual(['f']);
  });

  it('an output that nobody reads any more ends quietly', () => {
    for (let index = 0; index < 12; index++) symlinkSync(photo, at(`${index}.jpg`));
    const { stderr } = shell(
      "mkfifo f; head -c 10 f & M classify . --include '*.jpg' --format csv --output f; M merge --help >/dev/null",
    );
    expect(stderr).toBe('');
  });
});

describe.skipIf(!hasBash)('stderr that nobody reads, or that is full', () => {
  it.each([['2>&1 >/dev/null | head -c 1 >/dev/null'], ['2>/dev/full']])('does not end a batch: %s', (redirect) => {
    for (let index = 0; index < 40; index++) write(`${index}.jpg`, 'no picture');
    const { status } = shell(`set -o pipefail; M classify . --include '*.jpg' --output rows.jsonl ${redirect}`);
    expect([read('rows.jsonl').trimEnd().split('\n').length, status]).toEqual([40, 3]);
  });
});

it('says an option that is none without the control characters of its name', () => {
  const { stderr, code } = mobilenet('classify', '--\x1b]0;owned\x07\u009b2J.jpg');
  expect([stderr, code]).toEqual([expect.stringContaining('\\x1b]0;owned\\x07\\x9b2J'), 2]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
  expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

it.skipIf(process.platform !== 'linux' || !hasShellTools)(
  'a template has the bytes of a name that is not UTF-8',
  () => {
    const raw = Buffer.concat([Buffer.from(`${folder}/nu`), Buffer.from([0xff]), Buffer.from("'.jpg")]);
    copyFileSync(photo, raw);
    const script = `"$1" "$2" classify "$3" --top 1 --print 'test -e {file:q} && echo there' | sh`;
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', process.execPath, program, folder], { encoding: 'utf8' });
    expect(stdout).toBe('there\n');
  },
);
