import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobilenet, program, root } from './run.js';

const photo = join(root, 'test/photos/alps.jpg');
const pause = (ms: number) => new Promise((go) => setTimeout(go, ms));

let folder: string;
let output: string;
let lock: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-lock-'));
  output = join(folder, 'rows.jsonl');
  lock = join(folder, '.rows.jsonl.lock');
});
afterAll(() => rmSync(folder, { recursive: true }));

const classify = (...options: string[]) => mobilenet('classify', photo, '--output', output, ...options);
const refused = { code: 2, stderr: expect.stringContaining('another process is writing to this file') };

/** A run that waits for more names, and is writing to the output. */
async function begin() {
  const args = [program, 'classify', '--files-from', '-', '--output', output, '--overwrite'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise((go) => child.once('close', go));
  child.stdin.write(`${photo}\n`);
  while (!existsSync(lock) || readFileSync(output, 'utf8') === '') await pause(20);
  return { child, ended, writer: Number(readFileSync(lock, 'utf8').split(' ')[0]) };
}

describe('the output of a run', () => {
  it('is refused to others until it ends, and then the lock is gone', async () => {
    writeFileSync(output, '');
    const { child, ended } = await begin();
    const written = readFileSync(output, 'utf8');
    for (const options of [['--overwrite'], ['--resume']]) expect(classify(...options)).toMatchObject(refused);
    expect(mobilenet('merge', output, '--output', output).code).toBe(2);
    expect(readFileSync(output, 'utf8')).toBe(written);
    child.stdin.end();
    expect(await ended).toBe(0);
    expect(existsSync(lock)).toBe(false);
    expect(classify('--overwrite').code).toBe(0);
    expect(existsSync(lock)).toBe(false);
  });

  it('is free again where its writer was killed', async () => {
    writeFileSync(output, '');
    const { writer, ended } = await begin();
    process.kill(writer, 'SIGKILL');
    await ended;
    expect(existsSync(lock)).toBe(true);
    expect(classify('--resume').code).toBe(0);
    expect(existsSync(lock)).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')('is free where another process has got the writer’s number', () => {
    const status = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
    const begun = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(lock, `${process.pid} ${hostname()} 00 ${begun}`);
    expect(classify('--overwrite')).toMatchObject(refused);
    writeFileSync(lock, `${process.pid} ${hostname()} 00 ${Number(begun) - 1}`);
    expect(classify('--overwrite').code).toBe(0);
  });

  it('that is no file, or in a folder that is not there, needs none', () => {
    expect(classify('--output', '/dev/null', '--format', 'jsonl').code).toBe(0);
    expect(mobilenet('classify', photo, '--output', join(folder, 'none/rows.jsonl')).code).toBe(2);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});
