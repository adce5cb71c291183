import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Classifier, load, UsageError } from '../../src/index.js';

const golden: { bundled: Record<string, number[]> } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../golden/embeddings.json', import.meta.url)), 'utf8'),
);
const photo = (name: string) => fileURLToPath(new URL(`../photos/${name}.jpg`, import.meta.url));

let model: Classifier;
beforeAll(async () => {
  model = await load();
});
afterAll(() => model.close());

it('gives the features before the classifier, of length 1 unless raw', async () => {
  const raw = await model.embed(photo('alps'), { raw: true });
  for (const [at, value] of golden.bundled.alps!.entries()) expect(Math.abs(raw[at]! - value)).toBeLessThan(1e-4);
  const vector = await model.embed(readFileSync(photo('alps')));
  const length = Math.hypot(...raw);
  expect(vector).toEqual(raw.map((value) => value / length));
  expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
});

it('gives another layer, and vectors of their own for images at the same time', async () => {
  const [one, two, other] = await Promise.all([
    model.embed(photo('alps')),
    model.embed(photo('boats')),
    model.embed(photo('alps'), { layer: 'Conv_1' }),
  ]);
  expect(one).toEqual(await model.embed(photo('alps')));
  expect(two).not.toEqual(one);
  expect(other.length).toBe(7 * 7 * 1280);
});

it('gives the same with threads, and vectors of integers', async () => {
  await using threads = await load({ threads: 2 });
  expect(await threads.embed(photo('alps'))).toEqual(await model.embed(photo('alps')));
  await using integers = await load({ dtype: 'int8' });
  const [one, other] = [await model.embed(photo('alps')), await integers.embed(photo('alps'))];
  expect(one.reduce((sum, value, at) => sum + value * other[at]!, 0)).toBeGreaterThan(0.998);
});

it('rejects what is wrong, and goes on', async () => {
  await expect(model.embed(photo('alps'), { layer: 'Conv_11' })).rejects.toThrow('did you mean Conv_1?');
  await expect(model.embed(photo('alps'), { layer: 'Conv_11' })).rejects.toThrow(UsageError);
  await expect(model.embed('none.jpg')).rejects.toThrow('no such file');
  await expect(model.embed(photo('alps'), { size: 3 } as object)).rejects.toThrow('size');
  const reason = new Error('enough');
  await expect(model.embed(photo('alps'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect((await model.embed(photo('alps'))).length).toBe(1280);
});

it('rejects after close, which waits for what was handed in', async () => {
  const closing = await load();
  const vector = closing.embed(photo('alps'));
  closing.close();
  await expect(closing.embed(photo('alps'))).rejects.toMatchObject({ code: 'closed' });
  expect((await vector).length).toBe(1280);
});
