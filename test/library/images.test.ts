import { createReadStream, readFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, type ImageInput, load, type Prediction } from '../../src/index.js';

const photo = fileURLToPath(new URL('../photos/alps.jpg', import.meta.url));
const bytes = readFileSync(photo);

let model: Classifier;
let expected: readonly Prediction[];
beforeAll(async () => {
  model = await load();
  ({ predictions: expected } = await model.classify(photo));
  expect(expected[0]?.label).toContain('alp');
});
afterAll(() => model.close());

/** The pixels of the photo, upright. */
async function pixelsOf(pipeline = sharp(photo, { ignoreIcc: true }).autoOrient().removeAlpha()) {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height };
}

const inputs: Record<string, () => ImageInput> = {
  'a file: URL': () => pathToFileURL(photo),
  'a Buffer': () => bytes,
  'a Uint8Array': () => new Uint8Array(bytes),
  'a view on shared memory': () => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    return shared;
  },
  'an ArrayBuffer': () => new Uint8Array(bytes).buffer,
  'a Blob': () => new Blob([bytes]),
  'a stream of a file': () => createReadStream(photo, { highWaterMark: 1000 }),
  'a web stream': () => new Blob([bytes]).stream(),
  'the body of a response': () => new Response(bytes).body!,
  'an async generator of chunks': async function* () {
    yield bytes.subarray(0, 10);
    yield bytes.subarray(10);
  } as () => AsyncIterable<Uint8Array>,
  'a sharp instance': () => sharp(photo, { ignoreIcc: true }).autoOrient(),
};

describe('classify', () => {
  it.each(Object.keys(inputs))('takes %s', async (name) => {
    const { predictions } = await model.classify(inputs[name]!());
    expect(predictions).toEqual(expected);
  });

  it('takes pixels in three channels', async () => {
    const pixels = await pixelsOf();
    expect((await model.classify({ ...pixels, channels: 3 })).predictions).toEqual(expected);
    expect((await model.classify(pixels)).predictions).toEqual(expected);
  });

  it('drops alpha without blending, as of files', async () => {
    const { data, width, height } = await pixelsOf();
    const rgba = new Uint8ClampedArray(4 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++)
      rgba.set([...data.subarray(3 * pixel, 3 * pixel + 3), pixel], 4 * pixel);
    expect((await model.classify({ data: rgba, width, height, channels: 4 })).predictions).toEqual(expected);
    class ImageData {
      readonly colorSpace = 'srgb';
      readonly data = rgba;
      readonly width = width;
      readonly height = height;
    }
    expect((await model.classify(new ImageData())).predictions).toEqual(expected);
    const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    expect((await model.classify(png)).predictions).toEqual(expected);
    expect((await model.classify(sharp(png))).predictions).toEqual(expected);
  });

  it('takes grey pixels as three equal channels', async () => {
    const grey = await pixelsOf(sharp(photo, { ignoreIcc: true }).autoOrient().greyscale().toColourspace('b-w'));
    expect(grey.data.length).toBe(grey.width * grey.height);
    const png = await sharp(grey.data, { raw: { ...grey, channels: 1 } })
      .png()
      .toBuffer();
    const { predictions } = await model.classify(png);
    expect(predictions).not.toEqual(expected);
    expect((await model.classify({ ...grey, channels: 1 })).predictions).toEqual(predictions);
    expect((await model.classify(sharp(png))).predictions).toEqual(predictions);
  });

  it('leaves a sharp instance as it was', async () => {
    const pipeline = sharp(photo).resize(300);
    await model.classify(pipeline);
    const { info } = await pipeline.png().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ format: 'png', width: 300 });
  });

  it('has copied bytes and pixels when it returns', async () => {
    const own = Buffer.from(bytes);
    const pixels = await pixelsOf();
    const pending = [model.classify(own), model.classify(pixels)];
    own.fill(0);
    pixels.data.fill(0);
    for (const { predictions } of await Promise.all(pending)) expect(predictions).toEqual(expected);
  });

  it.each<[string, () => ImageInput, string, string]>([
    ['an empty buffer', () => new Uint8Array(), 'empty', 'image: no data'],
    ['an empty stream', () => Readable.from([]), 'empty', 'image: no data'],
    ['a stream of text', () => createReadStream(photo, 'latin1'), 'unreadable', 'image: the stream has a string'],
    ['a stream that fails', () => createReadStream('no/such.jpg'), 'unreadable', 'image: the stream failed (ENOENT'],
    ['a file that is not there', () => 'no/such.jpg', 'not-found', 'no/such.jpg: no such file'],
    ['no image', () => new Blob(['text']), 'unsupported-format', 'image: text is not supported'],
    ['sharp without an image', () => sharp(Buffer.from('text')), 'corrupt', 'image: sharp cannot read it'],
  ])('rejects with an ImageError for %s', async (_, image, code, message) => {
    const error = await model.classify(image()).catch((cause) => cause);
    expect(error).toMatchObject({ name: 'ImageError', code });
    expect(error.message).toContain(message);
  });

  it('refuses a stream that does not end', async () => {
    const chunk = new Uint8Array(2 ** 26);
    const stream = new Readable({ read: () => stream.push(chunk) });
    await expect(model.classify(stream)).rejects.toMatchObject({ code: 'too-large' });
    expect(stream.destroyed).toBe(true);
  });
});

describe('aborting', () => {
  const reason = new Error('enough');

  it('rejects with the reason before, while and not after', async () => {
    const signal = AbortSignal.abort(reason);
    await expect(load({ signal })).rejects.toBe(reason);
    await expect(model.classify(photo, { signal })).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = load({ signal: controller.signal });
    const classifying = model.classify(photo, { signal: controller.signal });
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    await expect(classifying).rejects.toBe(reason);
    const late = new AbortController();
    await model.classify(photo, { signal: late.signal });
    late.abort(reason);
  });

  it('takes one signal for many images, without a warning', async () => {
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    await Promise.all(Array.from({ length: 12 }, () => model.classify(photo, { signal })));
    await new Promise((go) => setImmediate(go));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('destroys a stream that is being waited for', async () => {
    const controller = new AbortController();
    const stuck = new PassThrough();
    stuck.write(bytes.subarray(0, 100));
    const classifying = model.classify(stuck, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(classifying).rejects.toBe(reason);
    expect(stuck.destroyed).toBe(true);
  });
});

describe('closing', () => {
  it('finishes what was handed in, streams too', async () => {
    const own = await load();
    const pending = [own.classify(photo), own.classify(createReadStream(photo))];
    const disposed = own[Symbol.asyncDispose]();
    await expect(own.classify(photo)).rejects.toMatchObject({ code: 'closed' });
    await expect(own.classifyAll([photo]).next()).rejects.toMatchObject({ code: 'closed' });
    for (const { predictions } of await Promise.all(pending)) expect(predictions).toEqual(expected);
    await disposed;
  });

  it('follows from using', async () => {
    let kept: Classifier;
    {
      using own = await load();
      kept = own;
    }
    await expect(kept.classify(photo)).rejects.toMatchObject({ code: 'closed' });
  });
});
