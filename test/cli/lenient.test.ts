import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { load } from '../../src/index.js';
import { mobilenet, program, root } from './run.js';

const photo = join(root, 'test/photos/alps.jpg');
let folder: string;
let cut: string;
let whole: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-lenient-'));
  [cut, whole] = [join(folder, 'cut.jpg'), join(folder, 'whole.jpg')];
  const bytes = readFileSync(photo);
  writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * 0.9)));
  copyFileSync(photo, whole);
});
afterAll(() => rmSync(folder, { recursive: true }));

const truncatedOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((row) => row.error?.code ?? row.truncated ?? false);

describe('--lenient', () => {
  it.each([
    ['on one thread', []],
    ['in lanes', ['--jobs', '2']],
    ['in decode processes', ['--timeout', '60']],
  ])('takes what is left of a file %s, and says so', (_, options) => {
    const run = (...more: string[]) => mobilenet('classify', cut, whole, '--format', 'jsonl', ...options, ...more);
    const strict = run();
    expect([truncatedOf(strict.stdout), strict.code]).toEqual([['corrupt', false], 1]);
    const lenient = run('--lenient');
    expect([truncatedOf(lenient.stdout), lenient.code]).toEqual([[true, false], 0]);
    expect(JSON.parse(lenient.stdout.split('\n')[0]!).predictions[0]).toMatchObject({ index: 970 });
  });

  it('says so in text, CSV and JSON, and on stdin', () => {
    expect(mobilenet('classify', cut, '--lenient').stdout).toContain('cut.jpg (truncated)\n');
    expect(mobilenet('classify', cut, whole, '--lenient').stdout).toMatch(
      /cut\.jpg .*\(truncated\)\n.*whole\.jpg [^(]*\n/,
    );
    const csv = mobilenet('classify', cut, whole, '--lenient', '--format', 'csv', '--top', '1').stdout.split('\n');
    expect(csv[1]).toMatch(/cut\.jpg,1,970,.*,,truncated$/);
    expect(csv[2]).toMatch(/whole\.jpg,1,970,.*,,$/);
    const options = { input: readFileSync(cut), encoding: 'utf8' } as const;
    const { stdout } = spawnSync(process.execPath, [program, 'classify', '-', '--lenient', '--json'], options);
    expect(JSON.parse(stdout).images).toMatchObject([{ file: '-', truncated: true }]);
  });

  it('resuming does over what the other way would treat differently', () => {
    const output = join(folder, 'rows.jsonl');
    const run = (...more: string[]) =>
      mobilenet('classify', cut, whole, '--format', 'jsonl', '--output', output, '--resume', ...more);
    const outcomes = () => truncatedOf(readFileSync(output, 'utf8')).sort();
    run();
    expect(outcomes()).toEqual(['corrupt', false].sort());
    run('--lenient');
    expect(outcomes()).toEqual([false, true]);
    run();
    expect(outcomes()).toEqual(['corrupt', false].sort());
  });

  it('the library has it as an option of load', async () => {
    const [strict, lenient] = [await load(), await load({ lenient: true })];
    await expect(strict.classify(cut)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await lenient.classify(cut)).toMatchObject({ truncated: true });
    expect(await lenient.classify(whole)).not.toHaveProperty('truncated');
    for await (const row of lenient.classifyAll([cut], { jobs: 2 })) expect(row).toMatchObject({ truncated: true });
    strict.close();
    lenient.close();
  });
});
