import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MOST_PIXELS } from '../../src/domain/defaults.js';
import { openRunner } from '../../src/runners/open.js';
import type { RunnerPlan } from '../../src/runners/types.js';
import { load } from '../../src/use-cases/classifier.js';
import { explain } from '../../src/use-cases/explain.js';

const SIZE = { width: 2048, height: 1600 };
let folder: string;
let file: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-large-'));
  file = join(folder, 'large.jpg');
  writeFileSync(
    file,
    await sharp('test/photos/boats.jpg')
      .resize({ ...SIZE, fit: 'fill' })
      .sharpen()
      .jpeg()
      .toBuffer(),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(plan: RunnerPlan, fullDecode?: boolean) {
  const runner = await openRunner({ model: 'mobilenet_v2' }, plan, { fullDecode, deterministic: true });
  try {
    return (await runner.classify({ file, path: file }, { top: 1000 })).predictions;
  } finally {
    runner.close();
  }
}

it.each([false, true])('large pictures get one answer however they are run (all pixels: %s)', async (fullDecode) => {
  const alone = await run({ kind: 'thread' }, fullDecode);
  expect(await run({ kind: 'lanes', lanes: 2 }, fullDecode)).toEqual(alone);
  expect(await run({ kind: 'lanes', lanes: 1, timeoutMs: 60_000 }, fullDecode)).toEqual(alone);
  using classifier = await load({ model: 'mobilenet_v2', deterministic: true, fullDecode });
  expect((await classifier.classify(readFileSync(file), { top: 1000 })).predictions).toEqual(alone);
  for await (const row of classifier.classifyAll([file], { top: 1000, jobs: 2 })) {
    expect(row).toMatchObject({ predictions: alone });
  }
  const request = { choice: { model: 'mobilenet_v2' }, deterministic: true, maxPixels: MOST_PIXELS, lenient: false };
  const { explanation, readImage } = await explain({ ...request, name: file, fullDecode }, { onNote: () => {} });
  expect(explanation.class.probability).toBe(alone[0]!.probability);
  expect(explanation.picture).toEqual(SIZE);
  // A heat map is drawn over all pixels.
  expect(await readImage()).toMatchObject(SIZE);
});

it('without all pixels, nearly the same', async () => {
  const [full, shrunk] = [await run({ kind: 'thread' }, true), await run({ kind: 'thread' })];
  expect(shrunk).not.toEqual(full);
  expect(shrunk[0]!.index).toBe(full[0]!.index);
  expect(Math.abs(shrunk[0]!.probability - full[0]!.probability)).toBeLessThan(0.03);
});

it('the part of a large picture that the network sees is told in its own pixels', async () => {
  const request = { choice: {}, maxPixels: MOST_PIXELS, lenient: false };
  const seen = async (fullDecode: boolean) =>
    (await explain({ ...request, name: file, fullDecode }, { onNote: () => {} })).explanation.seen;
  expect(await seen(false)).toEqual(await seen(true));
});
