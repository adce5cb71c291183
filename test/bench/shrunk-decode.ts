/**
 * npx tsx test/bench/shrunk-decode.ts [--photos FOLDER] [--samples FOLDER] [--model M …] [--dtype D] [--limit N] [--json]
 * Answers with pictures shrunk while they are decoded, against those with every pixel (`--full-decode`): how often the most
 * probable class is the same, each difference, and how much the probability of the full decode's class moves.
 *
 * Photos are taken whole and in five crops (corners and middle) of at least 3 megapixels, encoded again at quality 90. Samples
 * are enlarged four times and get sharpening and noise, so that they have as much detail at the scale of pixels as photos do.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { Prediction } from '../../src/domain/classification.js';
import type { ModelChoice } from '../../src/domain/model-choice.js';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { listBundledModels } from '../../src/models/bundled.js';
import { openRunner } from '../../src/runners/open.js';
import type { Runner } from '../../src/runners/types.js';
import { sharedPath } from '../shared.js';

const LEAST_CROP = 3e6;
const QUALITY = 90;
const ENLARGED = 4;
/** Standard deviation of the noise, in levels of 255. */
const NOISE = 6;

const { values } = parseArgs({
  options: {
    photos: { type: 'string' },
    samples: { type: 'string' },
    model: { type: 'string', multiple: true },
    dtype: { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const limit = Number(values.limit ?? Number.POSITIVE_INFINITY);

interface Picture {
  readonly file: string;
  readonly bytes: Uint8Array;
}

function list(folder: string | undefined): readonly string[] {
  if (folder === undefined) return [];
  const names = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
  return names
    .sort()
    .map((name) => join(folder, name))
    .slice(0, limit);
}

async function* photos(): AsyncGenerator<Picture> {
  for (const file of list(values.photos ?? sharedPath('images/camera'))) {
    const bytes = readFileSync(file);
    yield { file, bytes };
    const upright = sharp(bytes, { failOn: 'error' }).autoOrient();
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
    // Half of the picture, where that is enough.
    const share = Math.sqrt(Math.min(1, Math.max(0.5, LEAST_CROP / (info.width * info.height))));
    const [width, height] = [Math.ceil(info.width * share), Math.ceil(info.height * share)];
    const [right, bottom] = [info.width - width, info.height - height];
    const places = [
      [0, 0],
      [right, 0],
      [0, bottom],
      [right, bottom],
      [Math.floor(right / 2), Math.floor(bottom / 2)],
    ] as const;
    for (const [left, top] of places) {
      const { width: across, height: down, channels } = info;
      const crop = sharp(data, { raw: { width: across, height: down, channels } }).extract({
        left,
        top,
        width,
        height,
      });
      yield {
        file: `${file} ${width}×${height}+${left}+${top}`,
        bytes: await crop.jpeg({ quality: QUALITY }).toBuffer(),
      };
    }
  }
}

async function* enlarged(): AsyncGenerator<Picture> {
  const random = seededRandom(1);
  // Sum of uniform values: near enough to a normal distribution.
  const noise = Float32Array.from({ length: 2 ** 16 }, () => {
    const sum = random() + random() + random() + random() - 2;
    return sum * Math.sqrt(3) * NOISE;
  });
  for (const file of list(values.samples ?? sharedPath('images/imagenet_samples'))) {
    const small = sharp(file).toColourspace('srgb').removeAlpha();
    const { width = 0, height = 0 } = await sharp(file).metadata();
    const size = { width: ENLARGED * width, height: ENLARGED * height };
    const large = small.resize({ ...size, kernel: 'cubic' }).sharpen({ sigma: 2 });
    const { data, info } = await large.raw().toBuffer({ resolveWithObject: true });
    const noisy = new Uint8ClampedArray(data.length);
    let at = 0;
    for (let i = 0; i < data.length; i++) {
      // A different order each time round.
      if (i % noise.length === 0) at = Math.floor(random() * noise.length);
      noisy[i] = data[i]! + noise[(at + i) % noise.length]!;
    }
    const { width: across, height: down, channels } = info;
    const pixels = sharp(noisy, { raw: { width: across, height: down, channels } });
    yield { file: `${file} ×${ENLARGED}`, bytes: await pixels.jpeg({ quality: QUALITY }).toBuffer() };
  }
}

interface Comparison {
  readonly model: string;
  readonly full: Runner;
  readonly shrunk: Runner;
  pictures: number;
  /** Where nothing was shrunk, nothing changes. */
  moved: number;
  sum: number;
  largest: number;
  largestOf: string;
  readonly different: string[];
}

async function open(model: string): Promise<Comparison> {
  const choice = {
    model,
    ...(values.dtype !== undefined && { dtype: values.dtype as NonNullable<ModelChoice['dtype']> }),
  };
  const openOne = (fullDecode: boolean) => openRunner(choice, { kind: 'thread', threads: 1 }, { fullDecode });
  const start = { pictures: 0, moved: 0, sum: 0, largest: 0, largestOf: '', different: [] };
  return { model, full: await openOne(true), shrunk: await openOne(false), ...start };
}

async function compare(comparison: Comparison, { file, bytes }: Picture): Promise<void> {
  const { full, shrunk, different } = comparison;
  const picture = { file, path: file, bytes };
  const top = full.readLabels().length;
  const [one, other] = [await full.classify(picture, { top }), await shrunk.classify(picture, { top })];
  const first = one.predictions[0]!;
  const moved = Math.abs(first.probability - probabilityOf(other.predictions, first));
  comparison.pictures++;
  comparison.sum += moved;
  if (moved > 0) comparison.moved++;
  if (moved > comparison.largest) Object.assign(comparison, { largest: moved, largestOf: file });
  if (other.predictions[0]!.index !== first.index) {
    const other1 = other.predictions[0]!;
    const [before, after] = [probabilityOf(one.predictions, other1), probabilityOf(other.predictions, first)];
    different.push(
      `${file}: ${first.label} ${percent(first.probability)} against ${other1.label} ${percent(before)}, ` +
        `shrunk ${percent(after)} against ${percent(other1.probability)}`,
    );
  }
}

function probabilityOf(predictions: readonly Prediction[], { index }: Prediction): number {
  return predictions.find((prediction) => prediction.index === index)!.probability;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

const comparisons = await Promise.all((values.model ?? listBundledModels().map(({ card }) => card.network)).map(open));
for (const pictures of [photos(), enlarged()]) {
  for await (const picture of pictures) {
    for (const comparison of comparisons) await compare(comparison, picture);
  }
}
const results = comparisons.map(({ model, pictures, moved, sum, largest, largestOf, different }) => ({
  ...{ model, pictures, moved, same: (pictures - different.length) / pictures },
  ...{ mean: sum / pictures, largest, largestOf, different },
}));
if (values.json) console.log(JSON.stringify(results, undefined, 2));
else {
  for (const { model, pictures, moved, same, mean, largest, largestOf, different } of results) {
    console.log(`${model}: ${pictures} pictures, ${moved} with other digits`);
    console.log(
      `  same class ${percent(same)}, mean |Δp| ${mean.toFixed(5)}, largest ${largest.toFixed(4)} (${largestOf})`,
    );
    for (const each of different) console.log(`  ${each}`);
  }
}
for (const { full, shrunk } of comparisons) {
  full.close();
  shrunk.close();
}
