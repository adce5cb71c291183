import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeTable, signalExitCodes } from '../../src/errors/exit-codes.js';
import { mobilenet, program, root } from './run.js';
import { hasShellTools } from './shell-tools.js';

const photo = join(root, 'test/photos/alps.jpg');

let folder: string;
let broken: string;
let missing: string;
let empty: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-exit-'));
  broken = join(folder, 'broken.jpg');
  missing = join(folder, 'missing');
  empty = join(folder, 'empty');
  writeFileSync(broken, 'no picture');
  mkdirSync(empty);
});
afterAll(() => rmSync(folder, { recursive: true }));

const lines = exitCodeTable.map(({ code, meaning }) => [`${code}`, meaning] as const);
const all = [...lines, ...signalExitCodes.map(({ codes, meaning }) => [codes, meaning] as const)];

describe('the table of exit codes', () => {
  it('is what the help prints', () => {
    const { stdout } = mobilenet('--help');
    for (const [codes, meaning] of all) expect(stdout).toContain(`  ${codes.padEnd(2)}  ${meaning}\n`);
  });

  it('is what docs/exit-codes.md says, no row more or less', () => {
    const documented = readFileSync(join(root, 'docs/exit-codes.md'), 'utf8').match(/^\| \d.*$/gm);
    expect(documented).toEqual(all.map(([codes, meaning]) => `| ${codes} | ${meaning} |`));
  });
});

describe('--allow-failures', () => {
  it.each<[string, () => string[], number, number]>([
    ['some pictures failed', () => [photo, broken], 1, 0],
    ['every picture failed', () => [broken], 3, 0],
    ['a name among others is not there', () => [photo, missing], 1, 0],
    ['nothing is there', () => [missing], 3, 3],
    ['a pattern fits nothing', () => [join(folder, '*.none')], 3, 3],
    ['a folder is empty', () => [empty], 3, 3],
    ['all is well', () => [photo], 0, 0],
  ])('where %s', (_, names, without, allowed) => {
    const run = (...options: string[]) => mobilenet('classify', ...names(), '--format', 'jsonl', ...options);
    const [strict, lenient] = [run(), run('--allow-failures')];
    expect([strict.code, lenient.code]).toEqual([without, allowed]);
    const rows = (text: string) => text.split('\n').length;
    expect(rows(lenient.stdout)).toBe(rows(strict.stdout));
  });

  it('does not hide other errors', () => {
    expect(mobilenet('classify', photo, '--allow-failures', '--weights', broken).code).toBe(4);
    expect(mobilenet('classify', photo, '--allow-failures', '--strict').code).toBe(2);
  });

  it('is an option of merge as well', () => {
    const rows = join(folder, 'rows.jsonl');
    writeFileSync(rows, mobilenet('classify', photo, broken, '--format', 'jsonl').stdout);
    expect(mobilenet('merge', rows).code).toBe(1);
    expect(mobilenet('merge', rows, '--allow-failures').code).toBe(0);
    writeFileSync(rows, readFileSync(rows, 'utf8').slice(0, -9));
    expect(mobilenet('merge', rows, '--allow-failures').code).toBe(74);
  });
});

describe('shards', () => {
  const shards = [1, 2, 3, 4];
  const codes = (...args: string[]) =>
    shards.map((part) => mobilenet('classify', ...args, '--shard', `${part}/${shards.length}`).code);

  it('of a root that is not there fail, all of them', () => {
    expect(codes(missing)).toEqual([3, 3, 3, 3]);
    expect(codes(missing, '--allow-failures')).toEqual([3, 3, 3, 3]);
    expect(new Set(codes(missing, join(root, 'test/photos')))).toEqual(new Set([1, 3]));
  });

  it('of an empty root fail, all of them; the output beside the pictures is none of them', () => {
    expect(codes(empty)).toEqual([3, 3, 3, 3]);
    const output = join(folder, 'empty/rows.jsonl');
    expect(codes(empty, '--output', output)).toEqual([3, 3, 3, 3]);
    expect(codes(empty, '--output', output, '--resume')).toEqual([3, 3, 3, 3]);
    rmSync(output, { force: true });
  });

  it('that got no pictures of a root that has some do not', () => {
    const one = join(folder, 'one');
    mkdirSync(one);
    copyFileSync(photo, join(one, 'a.jpg'));
    expect(codes(one)).toEqual([0, 0, 0, 0]);
  });
});

describe('where the runtime lacks something', () => {
  it('exit 5 without WebAssembly, alone and in lanes', () => {
    for (const options of [[], ['--jobs', '2'], ['--jobs', '2', '--timeout', '60']]) {
      const args = ['--jitless', program, 'classify', photo, ...options];
      const { stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(stderr).toMatch(/^mobilenet: Node\.js v\S+: WebAssembly is switched off; .*\n$/m);
      expect(status).toBe(5);
    }
  });

  // Before version 24, Node.js reserves several GiB of addresses for each memory.
  const reserves = Number.parseInt(process.versions.node, 10) < 24;

  it.skipIf(process.platform !== 'linux' || !hasShellTools || !reserves)('exit 5 without memory for it', () => {
    for (const options of [[], ['--jobs', '2']]) {
      const args = [
        '-c',
        'ulimit -v 8000000; exec "$@"',
        'sh',
        process.execPath,
        program,
        'classify',
        photo,
        ...options,
      ];
      const { stderr, status } = spawnSync('sh', args, { encoding: 'utf8' });
      expect(stderr).toMatch(/^mobilenet: WebAssembly: \d+ MiB of memory cannot be allocated; .*\n$/);
      expect(status).toBe(5);
    }
  });

  it.skipIf(process.platform !== 'linux' || !hasShellTools)('a working folder that is gone is one clear line', () => {
    const gone = join(folder, 'gone');
    const run = (...args: string[]) => {
      const script = 'mkdir "$1"; cd "$1"; rmdir "$1"; shift; exec "$@"';
      const { stderr, status } = spawnSync('sh', ['-c', script, 'sh', gone, process.execPath, program, ...args], {
        encoding: 'utf8',
      });
      return [stderr, status];
    };
    const line = 'mobilenet: the current folder no longer exists; change to another one\n';
    expect(run('classify', 'photo.jpg')).toEqual([line, 2]);
    expect(run('classify', '.')).toEqual([line, 2]);
    expect(run('classify', photo)).toEqual(['', 0]);
  });
});

describe.skipIf(!existsSync('/dev/full'))('an output that cannot be written: exit 74', () => {
  it.each([
    ['stdout', 'classify "$3" "$3" --format jsonl >/dev/full'],
    ['stdout, of merge', 'merge "$4" >/dev/full'],
    ['--output', 'classify "$3" --format jsonl --output /dev/full --overwrite'],
  ])('%s', (_, command) => {
    const rows = join(folder, 'whole.jsonl');
    writeFileSync(rows, mobilenet('classify', photo, '--format', 'jsonl').stdout);
    const args = ['-c', `"$1" "$2" ${command}`, 'sh', process.execPath, program, photo, rows];
    const { stderr, status } = spawnSync('sh', args, { encoding: 'utf8' });
    expect([stderr.trimEnd().split('\n').length, status]).toEqual([1, 74]);
    expect(stderr).toContain('ENOSPC');
  });
});
