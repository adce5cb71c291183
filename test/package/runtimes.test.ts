import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = join(root, 'bin/mobilenet.js');
const photo = join(root, 'test/photos/alps.jpg');

function isOnPath(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runtimes beside Node.js that people run packages of npm with, and how. */
const runtimes = [
  { name: 'bun', start: ['--bun'] },
  { name: 'deno', start: ['run', '-A'] },
];

describe.each(runtimes)('the command under $name', ({ name, start }) => {
  const isAbsent = !isOnPath(name);
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mobilenet-runtime-'));
    for (let index = 0; index < 12; index++) symlinkSync(photo, join(folder, `${index}.jpg`));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(program: string, args: readonly string[]) {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
    return { status, stdout, stderr };
  }

  it.skipIf(isAbsent).each([
    ['a folder in lanes', []],
    ['a folder in integers', ['--dtype', 'int8']],
    ['with decoding in processes of their own', ['--timeout', '20']],
  ])('classifies %s as under Node.js', { timeout: 120_000 }, (_, more) => {
    const args = [command, 'classify', folder, '--jobs', '2', '--deterministic', '--format', 'csv', ...more];
    const expected = run(process.execPath, args);
    expect(expected.status).toBe(0);
    expect(expected.stdout.split('\n')).toHaveLength(1 + 12 * 5 + 1);
    const found = run(name, [...start, ...args]);
    expect(found).toMatchObject({ status: 0, stdout: expected.stdout });
  });
});
