import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, load, UsageError } from '../../src/index.js';

/** What a JavaScript caller may pass. */
const anything = (value: unknown) => value as never;

/** The message of a UsageError. */
async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).code).toBe('usage');
    return (error as UsageError).message;
  }
  throw new Error('nothing was refused');
}

describe('load', () => {
  it.each<[unknown, string]>([
    [5, 'load: 5: expected an object with options'],
    [null, 'load: null: expected an object with options'],
    [['mobilenet_v2'], 'load: array: expected an object with options'],
    [new Date(), 'load: Date: expected an object with options'],
    ['', "model '': expected a string that is not empty"],
    [{ model: 5 }, 'model 5: expected a string that is not empty'],
    [{ dtype: 'x' }, "dtype 'x': expected f32 or int8"],
    [{ crop: 'x' }, "crop 'x': expected center or squash"],
    [{ filter: 'cubic' }, 'expected pil-bilinear, pil-bicubic, tf1-bilinear, lanczos3 or nearest'],
    [{ resolution: '160' }, "resolution '160': expected a whole number of pixels, 1 or more"],
    [{ resolution: 0.5 }, 'resolution 0.5: expected a whole number of pixels, 1 or more'],
    [{ alpha: Number.NaN }, 'alpha NaN: expected a number above 0'],
    [{ alpha: -1 }, 'alpha -1: expected a number above 0'],
    [{ weights: 'a.onnx' }, "weights 'a.onnx': expected an array of 1 to 2 strings"],
    [{ weights: [] }, 'weights array: expected an array of 1 to 2 strings'],
    [{ mean: [0, Number.NaN, 0] }, 'mean array: expected an array of numbers'],
    [{ exact: 1 }, 'exact 1: expected true or false'],
    [{ deterministic: null }, 'deterministic null: expected true or false'],
    [{ threads: 0 }, 'threads 0: expected a whole number from 1 to 64'],
    [{ signal: {} }, 'signal object: expected an AbortSignal'],
    [{ resoltion: 160 }, 'load: resoltion: unknown option; did you mean resolution?'],
    [{ Threads: 2 }, 'load: Threads: unknown option; did you mean threads?'],
    [{ colour: 'red' }, 'load: colour: unknown option, expected one of model, '],
  ])('refuses %j', async (choice, message) => {
    expect(await refusal(() => load(anything(choice)))).toContain(message);
  });

  it('refuses options after a name, which it would not see', async () => {
    const call = load as (...values: readonly unknown[]) => Promise<Classifier>;
    const said = await refusal(() => call('mobilenet_v2', { dtype: 'int8' }));
    expect(said).toContain('load: takes one argument, expected a name or an object with options');
  });

  it('takes options that are undefined as left out', async () => {
    using model = await load(anything({ model: undefined, dtype: undefined }));
    expect(model.model.network).toBe('mobilenet_v2');
  });
});

describe('a classifier', () => {
  let model: Classifier;
  beforeAll(async () => {
    model = await load();
  });
  afterAll(() => model.close());

  it.each<[unknown, string]>([
    [null, 'null: not an image, expected a path, the bytes of a file'],
    [undefined, 'undefined: not an image'],
    [5, '5: not an image'],
    [{}, 'object: not an image'],
    [[], 'array: not an image'],
    [() => 'a.jpg', 'function: not an image'],
    [new Float32Array(3), 'Float32Array: not an image'],
    [Promise.resolve('a.jpg'), 'Promise: not an image'],
    [new URL('https://127.0.0.1/a.jpg'), 'https://127.0.0.1/a.jpg: expected a file: address'],
    [{ data: [1, 2, 3], width: 1, height: 1 }, 'data array: expected a Uint8Array or Uint8ClampedArray'],
    [{ data: new Uint8Array(3), width: 0, height: 1 }, 'width 0: expected a whole number of pixels, 1 or more'],
    [{ data: new Uint8Array(3), width: 1, height: Number.NaN }, 'height NaN: expected a whole number'],
    [{ data: new Uint8Array(2), width: 1, height: 1 }, '2 values, expected 1, 3 or 4 for each pixel'],
    [{ data: new Uint8Array(3), width: 1, height: 1, channels: 4 }, 'data of 1 × 1 pixels: 3 values, expected 4'],
    [{ data: new Uint8Array(2), width: 1, height: 1, channels: 2 }, 'channels 2: expected 1, 3 or 4'],
    [{ data: new Uint8Array(0), width: 2 ** 20, height: 2 ** 20 }, 'expected at most 268435456'],
    [{ data: new Uint8Array(3), width: 1, height: 1, chanels: 3 }, 'chanels: unknown field of raw pixels'],
  ])('refuses %j as an image', async (image, message) => {
    expect(await refusal(() => model.classify(anything(image)))).toContain(message);
  });

  it.each<[unknown, string]>([
    [{ top: Number.NaN }, 'top NaN: expected a whole number of predictions, 1 or more'],
    [{ top: '5' }, "top '5': expected a whole number of predictions, 1 or more"],
    [{ top: 0 }, 'top 0: expected'],
    [{ topp: 1 }, 'classify: topp: unknown option; did you mean top?'],
    [null, 'classify: null: expected an object with options'],
    [3, 'classify: 3: expected an object with options'],
  ])('refuses %j as options of classify', async (options, message) => {
    expect(await refusal(() => model.classify('a.jpg', anything(options)))).toContain(message);
  });

  it.each<[unknown, unknown, string]>([
    ['a.jpg', {}, "classifyAll: 'a.jpg': expected an array or another iterable of images; for one image, use classify"],
    [Buffer.from('a'), {}, 'classifyAll: Buffer: expected an array or another iterable of images'],
    [null, {}, 'classifyAll: null: expected an array'],
    [5, {}, 'classifyAll: 5: expected an array'],
    [[], { jobs: 65 }, 'jobs 65: expected a whole number from 1 to 64'],
    [[], { job: 2 }, 'classifyAll: job: unknown option; did you mean jobs?'],
    [[], { signal: 'stop' }, "signal 'stop': expected an AbortSignal"],
  ])('refuses %j with %j at once, not when it is iterated', async (images, options, message) => {
    expect(await refusal(() => model.classifyAll(anything(images), anything(options)))).toContain(message);
  });

  it('refuses several jobs where images share threads', async () => {
    using two = await load({ threads: 2 });
    expect(await refusal(() => two.classifyAll([], { jobs: 2 }))).toBe('jobs 2: cannot be combined with threads 2');
  });
});
