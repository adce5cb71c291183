import { describe, expect, it } from 'vitest';
import { classifyAll } from '../../src/batch/run.js';
import type { Task } from '../../src/batch/types.js';
import type { Classification } from '../../src/domain/classification.js';
import { ImageError } from '../../src/errors/errors.js';
import type { Input } from '../../src/inputs/types.js';
import { createGate } from '../../src/runners/memory-gate.js';

const classification: Classification = { predictions: [], ms: { decode: 1, run: 1 } };

async function* tasks(count: number, onTake = () => {}): AsyncGenerator<Task> {
  for (let index = 0; index < count; index++) {
    onTake();
    yield { input: { file: String(index), path: String(index) } };
  }
}

async function collect(outcomes: AsyncIterable<{ input: Input }>): Promise<number[]> {
  const files: number[] = [];
  for await (const { input } of outcomes) files.push(Number(input.file));
  return files;
}

const pause = (ms: number) => new Promise((go) => setTimeout(go, ms));

describe('classifyAll', () => {
  it('keeps the order, and takes few inputs ahead', async () => {
    let taken = 0;
    let ended = 0;
    let most = 0;
    const runner = {
      busy: 2,
      async classify({ file }: Input) {
        await pause(Number(file) % 7);
        ended++;
        return classification;
      },
    };
    const source = tasks(200, () => {
      taken++;
      most = Math.max(most, taken - ended);
    });
    expect(await collect(classifyAll(source, runner))).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(most).toBeLessThanOrEqual(8);
  });

  it('gives results while names are still awaited', async () => {
    async function* slow(): AsyncGenerator<Task> {
      yield* tasks(1);
      await new Promise(() => {});
    }
    const outcomes = classifyAll(slow(), { busy: 2, classify: async () => classification });
    expect((await outcomes.next()).value.input.file).toBe('0');
  });

  it('makes a row of a picture’s fault and ends at any other', async () => {
    const fault = async () => {
      throw new ImageError('corrupt', { where: '0', problem: 'damaged' });
    };
    const outcome = await classifyAll(tasks(1), { busy: 1, classify: fault }).next();
    expect(outcome.value.record).toEqual({ file: '0', error: { code: 'corrupt', message: '0: damaged' } });
    const bug = async () => {
      throw new Error('a bug');
    };
    await expect(collect(classifyAll(tasks(3), { busy: 1, classify: bug }))).rejects.toThrow('a bug');
  });

  it('finishes what has begun when it is stopped, also while a name is awaited', async () => {
    async function* endless(): AsyncGenerator<Task> {
      yield* tasks(4);
      await new Promise(() => {});
    }
    const stop = new AbortController();
    const classify = async ({ file }: Input) => {
      if (file === '3') stop.abort();
      await pause(5);
      return classification;
    };
    expect(await collect(classifyAll(endless(), { busy: 2, classify }, { signal: stop.signal }))).toEqual([0, 1, 2, 3]);
  });
});

describe('a gate', () => {
  it('keeps to its budget, in order, and lets one that is larger in alone', async () => {
    const gate = createGate(10);
    const entered: string[] = [];
    const enter = (name: string, bytes: number) => gate.enter(bytes).then(() => entered.push(name));
    for (const [name, bytes] of [
      ['a', 6],
      ['b', 4],
      ['c', 20],
      ['d', 1],
    ] as const)
      void enter(name, bytes);
    await pause(0);
    expect(entered).toEqual(['a', 'b']);
    gate.leave(6);
    await pause(0);
    expect(entered).toEqual(['a', 'b']);
    gate.leave(4);
    await pause(0);
    expect(entered).toEqual(['a', 'b', 'c']);
    gate.leave(20);
    await pause(0);
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
  });
});
