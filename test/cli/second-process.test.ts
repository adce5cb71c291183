import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mobilenet, program, root } from './run.js';

const COUNT = 260;
const pause = (ms: number) => new Promise((go) => setTimeout(go, ms));

let folder: string;
let many: string;
let output: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-steady-'));
  many = join(folder, 'many');
  mkdirSync(many);
  for (let index = 0; index < COUNT; index++)
    symlinkSync(join(root, 'test/photos/alps.jpg'), join(many, `${index}.jpg`));
});
beforeEach(() => {
  output = join(folder, `${Math.random()}.jsonl`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const written = (): string => {
  try {
    return readFileSync(output, 'utf8');
  } catch {
    return '';
  }
};
const files = (): string[] =>
  written()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).file);

/** A long run that has written something: its two processes, and how the first ends. */
async function begin() {
  const child = spawn(process.execPath, [program, 'classify', many, '--output', output, '--top', '1'], {
    stdio: 'ignore',
  });
  const ended = new Promise((go) => child.once('close', (code, signal) => go(code ?? signal)));
  while (written() === '') await pause(5);
  const second = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  return { child, second, ended };
}

function isThere(pid: number): boolean {
  try {
    // What nobody has waited for yet is there as well.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('many pictures, in a second process', () => {
  it('that gives large blocks back; streams and exit code are the command’s', async () => {
    const { second, child, ended } = await begin();
    expect(readFileSync(`/proc/${second}/environ`, 'utf8')).toContain('MALLOC_MMAP_THRESHOLD_=32768\0');
    child.kill('SIGTERM');
    await ended;
    const broken = join(folder, 'broken');
    writeFileSync(broken, 'no picture');
    const { stdout, stderr, code } = mobilenet('classify', broken, many, '--quiet', '--format', 'csv', '--top', '1');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + 1 + COUNT);
    expect(stderr).toMatch(/^mobilenet: .*broken: text is not supported.*\n$/);
    expect(code).toBe(1);
    expect(mobilenet('classify', many, '--only', 'nothing like it').code).toBe(2);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s to the first finishes what has begun: exit %d', async (signal, expected) => {
    const { child, second, ended } = await begin();
    child.kill(signal);
    expect(await ended).toBe(expected);
    expect(isThere(second)).toBe(false);
    const found = files();
    expect(found.length).toBeLessThan(COUNT);
    expect(found).toEqual(Array.from(found, (_, index) => join(many, `${index}.jpg`)));
  });

  it('a second signal does not wait', async () => {
    const { child, second, ended } = await begin();
    process.kill(second, 'SIGSTOP');
    child.kill('SIGTERM');
    // Sooner it would count as the same.
    await pause(700);
    child.kill('SIGTERM');
    expect(await ended).toBe('SIGKILL');
    expect(isThere(second)).toBe(false);
  });

  it('ends with the first, and can be gone on with', async () => {
    const { child, second, ended } = await begin();
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    while (isThere(second)) await pause(5);
    expect(mobilenet('classify', many, '--output', output, '--top', '1', '--resume').code).toBe(0);
    expect(files()).toEqual(Array.from({ length: COUNT }, (_, index) => join(many, `${index}.jpg`)));
  });

  it('ends with the first while it starts: nothing is written', async () => {
    for (const wait of [0, 20, 50, 90, 140, 200]) {
      const child = spawn(process.execPath, [program, 'classify', many, '--output', output, '--top', '1'], {
        stdio: 'ignore',
      });
      const ended = new Promise((go) => child.once('close', go));
      const children = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      while (children() === '') await pause(1);
      const second = Number(children());
      await pause(wait);
      child.kill('SIGKILL');
      await ended;
      const deadline = performance.now() + 5000;
      while (isThere(second) && performance.now() < deadline) await pause(5);
      expect(isThere(second)).toBe(false);
    }
    const size = written().length;
    await pause(300);
    expect(written().length).toBe(size);
  });

  it('where the second dies of a signal, so does the first', async () => {
    const { second, ended } = await begin();
    process.kill(second, 'SIGSEGV');
    expect(await ended).toBe('SIGSEGV');
  });
});
