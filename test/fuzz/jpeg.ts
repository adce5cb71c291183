import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { decode } from '../../src/images/decode.js';
import type { DecodedImage } from '../../src/images/decoded-image.js';
import { decodeRgb, lendRgb } from '../../src/images/jpeg-turbo.js';
import { readSmallJpeg } from '../../src/images/small-jpeg.js';
import { createRandom, mutate } from './mutate.js';

/*
 * Damaged small JPEGs: where the decoder without sharp gives pixels, sharp takes the file too, and gives the same size; the
 * decoder's memory stays bounded; a decoder that has seen all the files before gives the same pixels. All other files are sharp's from the start. Prints the files that differ as base64.
 * Where damage that neither notices makes coefficients much too large, pixels differ: sharp's vector instructions clip
 * what wraps around here.
 *
 *     npx tsx test/fuzz/jpeg.ts [--cases 20000] [--seed 1]
 */
export interface JpegFuzzResult {
  readonly cases: number;
  /** Decoded without sharp. */
  readonly taken: number;
  /** Of these, with pixels unlike sharp's. */
  readonly otherPixels: number;
  readonly mostBytes: number;
  readonly slowestMs: number;
  /** What sharp says otherwise, with the file. */
  readonly different: readonly { readonly what: string; readonly jpeg: Uint8Array }[];
}

const OTHER_PIXELS = 'other pixels';
/** Beside pixels and coefficients: the code's own tables. */
const OTHER_BYTES = 4 * 2 ** 20;

export async function fuzzJpegs(cases: number, seed: number): Promise<JpegFuzzResult> {
  const samples = await makeSamples();
  const different: { what: string; jpeg: Uint8Array }[] = [];
  let [taken, otherPixels, mostBytes, slowestMs] = [0, 0, 0, 0];
  for (let index = 0; index < cases; index++) {
    const jpeg = mutate(samples[index % samples.length]!, createRandom(seed * 1_000_003 + index));
    const start = performance.now();
    const size = readSmallJpeg(jpeg);
    const pixels = size && decodeRgb(jpeg, size);
    slowestMs = Math.max(slowestMs, performance.now() - start);
    const lent = size && lendRgb(jpeg, size);
    if (Buffer.compare(lent?.pixels ?? new Uint8Array(), pixels ?? new Uint8Array()) !== 0) {
      different.push({ what: 'other pixels by a decoder in use', jpeg });
    }
    lent?.release();
    if (!pixels) continue;
    taken++;
    mostBytes = Math.max(mostBytes, pixels.buffer.byteLength);
    if (pixels.buffer.byteLength > OTHER_BYTES + jpeg.length + 9 * size.width * size.height) {
      different.push({ what: `${pixels.buffer.byteLength} bytes of memory`, jpeg });
    }
    const what = await difference(jpeg);
    if (what === OTHER_PIXELS) otherPixels++;
    else if (what !== undefined) different.push({ what, jpeg });
  }
  return { cases, taken, otherPixels, mostBytes, slowestMs, different };
}

async function difference(jpeg: Uint8Array): Promise<string | undefined> {
  const [without, by] = await Promise.all([attempt(jpeg, true), attempt(jpeg, false)]);
  if (typeof without === 'string' || typeof by === 'string') {
    return without === by ? undefined : `${outcome(without)}, by sharp ${outcome(by)}`;
  }
  if (without.width !== by.width || without.height !== by.height) return 'another size';
  return Buffer.compare(without.data, by.data) === 0 ? undefined : OTHER_PIXELS;
}

const outcome = (result: DecodedImage | string) => (typeof result === 'string' ? result : 'decoded');

/** The picture, or the error. */
async function attempt(jpeg: Uint8Array, isBrief: boolean): Promise<DecodedImage | string> {
  try {
    return await decode(jpeg, { isBrief });
  } catch (error) {
    return String(error);
  }
}

/** One photo in the ways that JPEGs are written. */
async function makeSamples(): Promise<Uint8Array[]> {
  const photo = readFileSync(new URL('../photos/alps.jpg', import.meta.url));
  const small = sharp(photo).resize(90, 61);
  const upright = { quality: 80, mozjpeg: false };
  const ways = [
    small.clone().jpeg(upright),
    small.clone().jpeg({ ...upright, chromaSubsampling: '4:4:4' }),
    small.clone().jpeg({ ...upright, progressive: true }),
    small.clone().jpeg({ quality: 60, mozjpeg: true }),
    small.clone().greyscale().toColourspace('b-w').jpeg(upright),
    small
      .clone()
      .greyscale()
      .toColourspace('b-w')
      .jpeg({ ...upright, progressive: true }),
    small.clone().withMetadata({ orientation: 6 }).jpeg(upright),
    small.clone().keepIccProfile().withXmp('<x:xmpmeta tiff:Orientation="3"/>').jpeg(upright),
  ];
  // Not buffers: `slice` has to copy.
  const written = await Promise.all(ways.map(async (way) => new Uint8Array(await way.toBuffer())));
  return [...written, ...written.slice(0, 2).map(withRestarts)];
}

/** States a restart interval that the data do not keep to: wrong from its first restart on. */
function withRestarts(jpeg: Uint8Array): Uint8Array {
  return Uint8Array.from([...jpeg.subarray(0, 2), 0xff, 0xdd, 0, 4, 0, 200, ...jpeg.subarray(2)]);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({
    options: { cases: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
  });
  const { different, ...facts } = await fuzzJpegs(Number(values.cases), Number(values.seed));
  console.log(facts);
  for (const { what, jpeg } of different) console.log(what, Buffer.from(jpeg).toString('base64'));
  process.exitCode = different.length > 0 ? 1 : 0;
}
