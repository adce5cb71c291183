import { spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { canMakeFifo, makeFifo } from '../fifo.js';
import { mobilenet, program } from './run.js';

/** 70 kB, where a pipe holds 64. */
const args = ['cost', '--model', 'efficientnet_b0', '--layers', '--json'];

/** Of the command: everything that comes through a pipe that does not wait for its reader, and the exit code. */
async function throughFullPipe(path: string): Promise<{ text: string; code: number }> {
  makeFifo(path);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', writer, 'inherit'] });
    const ended = new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
    let code: number | undefined;
    void ended.then((status) => (code = status));
    // Until it has filled the pipe.
    await setTimeout(1000);
    expect(code).toBeUndefined();
    const chunks: Buffer[] = [];
    const chunk = Buffer.alloc(4096);
    for (let isLast = false; ; ) {
      try {
        chunks.push(Buffer.from(chunk.subarray(0, readSync(reader, chunk))));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
        if (isLast) return { text: Buffer.concat(chunks).toString(), code: await ended };
        isLast = code !== undefined;
        await setTimeout(10);
      }
    }
  } finally {
    closeSync(reader);
    closeSync(writer);
  }
}

it.skipIf(!canMakeFifo)(
  'stdout takes everything, in order, where it is a pipe that is full and does not wait',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mobilenet-stdout-'));
    try {
      const { stdout } = mobilenet(...args);
      expect(stdout.length).toBeGreaterThan(2 ** 16);
      expect(await throughFullPipe(join(folder, 'pipe'))).toEqual({ text: stdout, code: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
