import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { mobilenet, program, root } from './run.js';

const photo = readFileSync(join(root, 'test/photos/alps.jpg'));

function frame(key: string, body: Uint8Array): Buffer {
  const bytes = Buffer.from(key);
  const lengths = [bytes.length, body.length].map((length) => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(length);
    return buffer;
  });
  return Buffer.concat([lengths[0]!, bytes, lengths[1]!, body]);
}

function classify(input: Buffer, ...options: string[]) {
  const args = [program, 'classify', '--stdin-frames', '--format', 'jsonl', ...options];
  const { stdout, stderr, status: code } = spawnSync(process.execPath, args, { input, encoding: 'utf8' });
  const rows = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { rows, stderr, code };
}

describe('classify --stdin-frames', () => {
  it('writes one row for each frame, in order, whatever the keys', () => {
    const keys = ['a', 'b', 'a', 'https://pictures.example/x', '../..', ''];
    const frames = keys.map((key, index) => frame(key, index === 1 ? Buffer.from('broken') : photo));
    const { rows, code } = classify(Buffer.concat(frames));
    expect(code).toBe(1);
    expect(rows.map(({ file }) => file)).toEqual(keys);
    expect(rows.map((row) => row.error?.code ?? row.predictions[0].label)).toEqual([
      ...['alp', 'unsupported-format', 'alp', 'alp', 'alp', 'alp'],
    ]);
  });

  it('answers a frame before the next one comes', async () => {
    const args = [program, 'classify', '--stdin-frames', '--format', 'jsonl', '--quiet'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = once(child, 'close');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (const key of ['first', 'second', 'third']) {
      child.stdin.write(frame(key, photo));
      expect(JSON.parse((await lines.next()).value).file).toBe(key);
    }
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
  });

  it('says where the stream ends within a frame, after the rows before', () => {
    const { rows, code } = classify(Buffer.concat([frame('a', photo), frame('b', photo).subarray(0, 100)]));
    expect(code).toBe(1);
    expect(rows.map(({ file, error }) => [file, error?.message])).toEqual([
      ['a', undefined],
      ['b', 'stdin, frame 2: the stream ends within the frame'],
    ]);
  });

  it('takes no frames for what may be: an empty part of the work', () => {
    expect(classify(Buffer.alloc(0))).toMatchObject({ rows: [], code: 0 });
  });

  it('refuses an image without frames', () => {
    const { rows, stderr, code } = classify(photo);
    expect({ rows, code }).toEqual({ rows: [], code: 2 });
    expect(stderr).toMatch(/^mobilenet: stdin, frame 1: a key of \d+ bytes, expected at most 65536.*\n$/);
  });

  it('gives the same rows with --timeout, and with embed vectors', () => {
    const frames = Buffer.concat([frame('a', photo), frame('b', photo)]);
    const labels = (rows: readonly { predictions: readonly { label: string }[] }[]) =>
      rows.map(({ predictions }) => predictions[0]!.label);
    expect(labels(classify(frames, '--timeout', '60').rows)).toEqual(['alp', 'alp']);
    const args = [program, 'embed', '--stdin-frames'];
    const { stdout } = spawnSync(process.execPath, args, { input: frames, encoding: 'utf8' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it.each([
    ['photo.jpg'],
    ['--files-from', 'list.txt'],
    ['--resume', '--output', 'x.jsonl'],
    ['--shard', '1/2'],
    ['--include', '*.jpg'],
    ['--exclude', '*.jpg'],
  ])('is refused with %s', (...others) => {
    const { code, stderr } = mobilenet('classify', '--stdin-frames', ...others);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^mobilenet: --stdin-frames: cannot be combined with .+\n$/);
  });
});
