import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import type { VectorSpace } from '../../src/domain/vector-space.js';
import { type Embedded, type EmbedRequest, embedPictures } from '../../src/use-cases/embed-pictures.js';

const photos = ['airplane', 'allium', 'alps'].map((name) => `test/photos/${name}.jpg`);
const sizes = [
  { width: 1024, height: 717 },
  { width: 807, height: 1024 },
  { width: 1024, height: 484 },
];

async function embed(request: Partial<EmbedRequest>): Promise<{ pictures: Embedded[]; space: VectorSpace }> {
  const defaults: EmbedRequest = {
    ...{ names: photos, inputs: {}, choice: {}, maxPixels: 2 ** 28, lenient: false, jobs: undefined },
    ...{ defaultJobs: availableParallelism(), timeoutMs: undefined, hash: false, cache: false },
  };
  let space: VectorSpace | undefined;
  const pictures: Embedded[] = [];
  const host = {
    showsProgress: false,
    startProgress: async () => ({ progress() {}, clear() {}, stop() {} }),
    listenForSignals: () => ({ signal: new AbortController().signal, stop() {} }),
    onNote() {},
    onSpace(given: VectorSpace) {
      space = given;
    },
  };
  for await (const picture of embedPictures({ ...defaults, ...request }, host)) pictures.push(picture);
  return { pictures, space: space! };
}

test('a vector of each picture, in order; an error has none', async () => {
  const { pictures, space } = await embed({ names: [photos[0]!, 'test/photos/none.jpg', photos[1]!] });
  expect(space).toMatchObject({ length: 1280, normalised: false, model: { network: 'mobilenet_v2', dtype: 'f32' } });
  expect(pictures.map(({ record }) => 'error' in record)).toEqual([false, true, false]);
  expect(pictures.map(({ vector }) => vector?.length)).toEqual([1280, undefined, 1280]);
  expect(pictures[0]!.vector).not.toEqual(pictures[2]!.vector);
});

test('the size of each picture comes with its vector, however it is decoded', async () => {
  for (const how of [{}, { jobs: 2 }, { timeoutMs: 60_000 }]) {
    const { pictures } = await embed(how);
    expect(pictures.map(({ record }) => record)).toMatchObject(sizes);
  }
});

test('the same vectors in lanes', async () => {
  const one = await embed({});
  const lanes = await embed({ jobs: 2 });
  expect(lanes.pictures.map(({ vector }) => vector)).toEqual(one.pictures.map(({ vector }) => vector));
  expect(lanes.space).toEqual(one.space);
});

test('another layer is flattened, and another space', async () => {
  const { space: features } = await embed({ names: [] });
  const { pictures, space } = await embed({ layer: 'Conv_1', names: photos.slice(0, 1) });
  expect(pictures[0]!.vector!.length).toBe(7 * 7 * 1280);
  expect(space.id).not.toBe(features.id);
});

test('an unknown layer: the nearest name', async () => {
  await expect(embed({ layer: 'Conv_11' })).rejects.toThrow('did you mean Conv_1?');
});
