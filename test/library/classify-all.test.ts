import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, type ImageInput, load, type Prediction, type Row } from '../../src/index.js';

const photos = ['alps', 'boats'].map((name) => fileURLToPath(new URL(`../photos/${name}.jpg`, import.meta.url)));
const [alps, boats] = photos as [string, string];

let model: Classifier;
let expected: readonly (readonly Prediction[])[];
beforeAll(async () => {
  model = await load();
  expected = await Promise.all(photos.map(async (photo) => (await model.classify(photo)).predictions));
});
afterAll(() => model.close());

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

const predictionsOf = (row: Row<unknown>) => (row.ok ? row.predictions : row.error.code);

describe.each([1, 2])('classifyAll with %d jobs', (jobs) => {
  it('gives a row for each image in their order, errors too', async () => {
    const images: ImageInput[] = [
      boats,
      'no/such.jpg',
      readFileSync(alps),
      null as never,
      new Blob([readFileSync(boats)]).stream(),
      { data: new Uint8Array(5), width: 2, height: 2 },
      { data: new Uint8Array(12), width: 2, height: 2 },
    ];
    const rows = await collect(model.classifyAll(images, { jobs }));
    const black = await model.classify({ data: new Uint8Array(3), width: 1, height: 1 });
    expect(rows.map(predictionsOf)).toEqual([
      expected[1],
      'not-found',
      expected[0],
      'usage',
      expected[1],
      'usage',
      black.predictions,
    ]);
    expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const [index, row] of rows.entries()) expect(row.image).toBe(images[index]);
  });

  it('takes a few images ahead, and lets go of the source when the loop ends early', async () => {
    let taken = 0;
    let released = false;
    const streams: PassThrough[] = [];
    async function* source() {
      try {
        for (;;) {
          taken++;
          yield alps;
          const stuck = new PassThrough();
          streams.push(stuck);
          yield stuck;
        }
      } finally {
        released = true;
      }
    }
    for await (const row of model.classifyAll(source(), { jobs, top: 1 })) {
      expect(predictionsOf(row)).toEqual(expected[0]!.slice(0, 1));
      break;
    }
    expect(released).toBe(true);
    expect(taken).toBeLessThanOrEqual(3 * 2 * jobs + 1);
    for (const stream of streams) await expect.poll(() => stream.destroyed).toBe(true);
    // What was given up holds nothing that later images need.
    const later = Array.from({ length: 6 }, () => new Blob([readFileSync(alps)]));
    for (const row of await collect(model.classifyAll(later, { jobs })))
      expect(predictionsOf(row)).toEqual(expected[0]);
  });

  it('ends with the reason of its signal, whatever it waits for', async () => {
    const controller = new AbortController();
    async function* slow() {
      yield alps;
      await new Promise(() => {});
    }
    const rows = model.classifyAll(slow(), { jobs, signal: controller.signal });
    expect((await rows.next()).value).toMatchObject({ ok: true, index: 0 });
    const next = rows.next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(await rows.next()).toEqual({ done: true, value: undefined });
    await expect(model.classifyAll([alps], { jobs, signal: controller.signal }).next()).rejects.toBe(reason);

    const other = new AbortController();
    const stuck = new PassThrough();
    const waiting = model.classifyAll([stuck], { jobs, signal: other.signal }).next();
    setTimeout(() => other.abort(reason), 20);
    await expect(waiting).rejects.toBe(reason);
    expect(stuck.destroyed).toBe(true);
  });

  it('throws what the source throws', async () => {
    const failure = new Error('no more disks');
    async function* broken() {
      yield alps;
      throw failure;
    }
    await expect(collect(model.classifyAll(broken(), { jobs }))).rejects.toBe(failure);
  });
});

it('chooses jobs by itself', async () => {
  const rows = await collect(model.classifyAll(Array.from({ length: 12 }, (_, index) => photos[index % 2]!)));
  expect(rows.map(predictionsOf)).toEqual(Array.from({ length: 12 }, (_, index) => expected[index % 2]));
  expect(await collect(model.classifyAll([]))).toEqual([]);
});
