import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOST_PIXELS } from '../../src/domain/defaults.js';
import type { PictureExplanation } from '../../src/domain/explanation.js';
import { listBundledModels } from '../../src/models/bundled.js';
import { drawExplanation } from '../../src/use-cases/draw-explanation.js';
import { type ExplainRequest, explain } from '../../src/use-cases/explain.js';
import { sharedPath } from '../shared.js';

const photos = ['airplane', 'allium', 'alps', 'boats'].map((name) => `test/photos/${name}.jpg`);
const names = listBundledModels().map(({ card }) => card.name);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-explain-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(name: string, request: Partial<ExplainRequest> = {}) {
  return explain({ name, choice: {}, maxPixels: MOST_PIXELS, lenient: false, ...request }, { onNote: () => {} });
}

async function explained(name: string, request?: Partial<ExplainRequest>): Promise<PictureExplanation> {
  return (await run(name, request)).explanation;
}

/** The middle of the strongest cell, in pixels of the picture. */
function peakOf({ grid, covered }: PictureExplanation): { readonly x: number; readonly y: number } {
  const cells = grid.flat();
  const at = cells.indexOf(Math.max(...cells));
  const columns = grid[0]!.length;
  return {
    x: covered.x + (((at % columns) + 0.5) * covered.width) / columns,
    y: covered.y + ((Math.floor(at / columns) + 0.5) * covered.height) / grid.length,
  };
}

describe('mean of the cells + bias is the logit', () => {
  it.each(names)('%s, in floats within 1e-4', async (model) => {
    for (const photo of photos) {
      const { identity, logit, bias, grid } = await explained(photo, { choice: { model } });
      const cells = grid.flat();
      const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
      expect(Math.abs(mean + bias - logit)).toBeLessThanOrEqual(1e-4);
      expect(identity.difference).toBeCloseTo(mean + bias - logit, 9);
    }
  });

  it('in integers within what they round', async () => {
    const { logit, identity, model } = await explained(photos[2]!, { choice: { dtype: 'int8' } });
    expect(model.dtype).toBe('int8');
    expect(Math.abs(identity.sum - logit)).toBeLessThan(0.05);
    expect(identity.difference).toBe(identity.sum - logit);
  });

  it('of two classes, for the differences', async () => {
    const {
      class: one,
      against,
      logit,
      identity,
    } = await explained(photos[3]!, { class: 'schooner', against: 'dock' });
    expect(logit).toBeCloseTo(one.logit - against!.logit, 6);
    expect(Math.abs(identity.difference!)).toBeLessThanOrEqual(1e-4);
  });

  it.skipIf(!sharedPath('cases/models'))('for one output, two labels and quantised files', async () => {
    const model = (file: string) => ({ choice: { weights: [sharedPath(`cases/models/${file}`)!] } });
    for (const file of ['lite-one-logit.tflite', 'one-output.pth', 'static-qdq.onnx', 'lite-int8.tflite']) {
      const { identity } = await explained(photos[2]!, model(file));
      expect(Math.abs(identity.difference!)).toBeLessThanOrEqual(1e-4);
    }
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, 'cat\ndog\n');
    const choice = { ...model('one-output.pth').choice, labels };
    const zero = await explained(photos[1]!, { choice, class: 'cat' });
    const one = await explained(photos[1]!, { choice, class: 'dog' });
    expect(zero.class.probability + one.class.probability).toBeCloseTo(1, 5);
    expect(one.class.probability).toBeCloseTo(1 / (1 + Math.exp(-one.logit)), 5);
    expect(zero.logit).toBe(-one.logit);
    expect(zero.grid.flat()).toEqual(one.grid.flat().map((value) => -value));
  });
});

interface Golden {
  readonly cases: readonly {
    readonly file: string;
    readonly index: number;
    readonly top: number;
    readonly logit: number;
    readonly grid: readonly (readonly number[])[];
  }[];
}
const golden: Golden = JSON.parse(readFileSync('test/golden/explain.json', 'utf8'));

it.each(golden.cases)('$file, class $index: the map that torchvision’s features give', async (each) => {
  const { grid, logit } = await explained(`test/photos/${each.file}`, { class: String(each.index) });
  for (const [row, cells] of each.grid.entries()) {
    for (const [column, cell] of cells.entries()) expect(Math.abs(grid[row]![column]! - cell)).toBeLessThan(1e-3);
  }
  expect(logit).toBeCloseTo(each.logit, 3);
  expect((await explained(`test/photos/${each.file}`)).class.index).toBe(each.top);
});

/** How upright pixels are stored so that a viewer turns them upright again. */
async function store(upright: Sharp, orientation: number, file: string): Promise<void> {
  const turns = [0, 0, 0, 180, 180, 270, 270, 90, 90][orientation]!;
  const mirrored = [2, 4, 5, 7].includes(orientation);
  const turned = await (mirrored ? upright.flop() : upright).png().toBuffer();
  await sharp(await sharp(turned).rotate(turns).png().toBuffer())
    .withMetadata({ orientation })
    .jpeg({ quality: 95 })
    .toFile(file);
}

/** A flower head on plain grey: for all networks something like a vase. */
async function scene(width: number, height: number, left: number, top: number): Promise<Sharp> {
  const flower = sharp('test/photos/allium.jpg').extract({ left: 40, top: 20, width: 740, height: 690 });
  const input = await flower.resize(190, 177, { fit: 'fill' }).png().toBuffer();
  const plain = sharp({ create: { width, height, channels: 3, background: '#808080' } });
  return sharp(await plain.composite([{ input, left, top }]).png().toBuffer());
}

const scenes = [
  [640, 480, 110, 60],
  [480, 640, 240, 330],
  [900, 420, 290, 25],
  [400, 900, 190, 440],
] as const;

describe('the strongest cell lies on the object', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) => scenes.map((at) => [orientation, ...at] as const)))(
    'EXIF orientation %i, %i × %i, object at (%i, %i)',
    async (orientation, width, height, left, top) => {
      const file = join(folder, `${orientation}-${width}.jpg`);
      await store(await scene(width, height, left, top), orientation, file);
      const explanation = await explained(file, { class: 'vase' });
      expect(explanation.picture).toEqual({ width, height });
      const { x, y } = peakOf(explanation);
      expect(x).toBeGreaterThan(left);
      expect(x).toBeLessThan(left + 190);
      expect(y).toBeGreaterThan(top);
      expect(y).toBeLessThan(top + 177);
      const { box80, seen } = explanation;
      expect(box80!.x).toBeGreaterThanOrEqual(seen.x);
      expect(box80!.y + box80!.height).toBeLessThanOrEqual(seen.y + seen.height + 1e-9);
      expect(box80!.share).toBeGreaterThanOrEqual(0.8);
    },
  );
});

it('what was seen is the crop that the network was given, in pixels of the upright picture', async () => {
  const file = join(folder, 'crop.png');
  await (await scene(512, 256, 150, 40)).toFile(file);
  // 256 rows stay; the middle 224 of 512 × 256.
  expect(await explained(file)).toMatchObject({ seen: { x: 144, y: 16, width: 224, height: 224 } });
  const whole = { x: 0, y: 0, width: 512, height: 256 };
  expect(await explained(file, { choice: { crop: 'squash' } })).toMatchObject({ seen: whole, covered: whole });
});

describe('a picture of one colour', () => {
  it.each(['#000000', '#808080', '#ffffff', '#c02040'])('%s: nothing to see, and no NaN', async (background) => {
    const file = join(folder, 'plain.png');
    await sharp({ create: { width: 300, height: 200, channels: 3, background } })
      .png()
      .toFile(file);
    const found = await run(file);
    const { nothingToSee, box80, grid, identity } = found.explanation;
    expect(nothingToSee).toMatch(/one colour/);
    expect(box80).toBeNull();
    expect(grid.flat().every(Number.isFinite)).toBe(true);
    expect(Math.abs(identity.difference!)).toBeLessThanOrEqual(1e-4);
    expect(JSON.stringify({ ...found.explanation, box80: 0 })).not.toMatch(/null|NaN/);
    const drawn = await sharp(await drawExplanation(found))
      .extract({ left: 0, top: 0, width: 320, height: 213 })
      .raw()
      .toBuffer();
    expect(drawn.every((value, at) => value === drawn[at - (at % 3)])).toBe(true);
  });

  it('is one whose crop has one colour, whatever was cut off', async () => {
    const file = join(folder, 'cut.png');
    await (await scene(900, 300, 0, 20)).toFile(file);
    expect(await explained(file)).toHaveProperty('nothingToSee');
    expect(await explained(file, { choice: { crop: 'squash' } })).not.toHaveProperty('nothingToSee');
  });
});

describe('classes', () => {
  it.each(['970', 'alp', 'n09193705', 'Alp'])('%s is the same class', async (name) => {
    expect((await explained(photos[2]!, { class: name })).class).toMatchObject({
      index: 970,
      rank: 1,
      id: 'n09193705',
    });
  });

  it('a group stands for its most probable class, and is compared with another of its own', async () => {
    const { class: one, against } = await explained(photos[2]!, { class: 'dog', against: 'dog' });
    expect(against!.index).not.toBe(one.index);
    expect(against!.probability).toBeLessThanOrEqual(one.probability);
  });

  it('refuses classes that do not exist, and a class against itself', async () => {
    await expect(run(photos[2]!, { class: 'malamut' })).rejects.toThrow(
      '--class malamut: no such class; did you mean malamute?',
    );
    await expect(run(photos[2]!, { against: 'alp' })).rejects.toThrow('--against alp: is the class that is explained');
  });
});

it.each([
  ['half.keras', 'its classifier reads the layer global_max_pooling2d (globalMaxPool), not the mean of a map'],
  ['list-2.2.h5', 'it does not end in one linear layer that reads one value for each channel'],
])('%s: refuses a network whose logits are no mean over places', async (file, reason) => {
  const weights = [`test/golden/keras-files/${file}`];
  const message = expect.stringContaining(`${file}: cannot be explained: ${reason}, expected`);
  await expect(run(photos[0]!, { choice: { weights } })).rejects.toMatchObject({
    code: 'no-map',
    exitCode: 4,
    message,
  });
});
