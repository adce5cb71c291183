import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedPath } from '../shared.js';
import { mobilenet } from './run.js';

/** How the same picture comes back; of upright pixels of this size. */
const disguises: Readonly<Record<string, (picture: Sharp, width: number, height: number) => Sharp>> = {
  half: (picture, width, height) =>
    picture.resize(Math.round(width / 2), Math.round(height / 2), { fit: 'fill' }).jpeg({ quality: 80 }),
  compressed: (picture) => picture.jpeg({ quality: 30 }),
  cropped: (picture, width, height) => picture.extract(centre(width, height, 0.9)).jpeg({ quality: 90 }),
  mirrored: (picture) => picture.flop().jpeg({ quality: 90 }),
  brighter: (picture) => picture.modulate({ brightness: 1.25 }).jpeg({ quality: 90 }),
  turned: (picture) => picture.jpeg({ quality: 90 }),
  grey: (picture) => picture.greyscale().jpeg({ quality: 90 }),
};

function centre(width: number, height: number, share: number) {
  const [innerWidth, innerHeight] = [Math.round(width * share), Math.round(height * share)];
  const [left, top] = [Math.floor((width - innerWidth) / 2), Math.floor((height - innerHeight) / 2)];
  return { left, top, width: innerWidth, height: innerHeight };
}

/** Sharp turns a picture before it cuts one out, whatever the order of the calls: two steps. */
async function turned(picture: Sharp, width: number, height: number): Promise<Sharp> {
  const { data, info } = await picture.rotate(5, { background: '#000' }).raw().toBuffer({ resolveWithObject: true });
  const left = Math.floor((info.width - width) / 2);
  const top = Math.floor((info.height - height) / 2);
  return sharp(data, { raw: info }).extract({ left, top, width, height });
}

const samples = sharedPath('images/imagenet_samples');
const folder = mkdtempSync(join(tmpdir(), 'disguises-'));
afterAll(() => rmSync(folder, { recursive: true }));

const originals = samples === undefined ? [] : readdirSync(samples).filter((name) => name.endsWith('.JPEG'));
/** Every fifth, as their names are sorted by what they show. */
const chosen = originals.sort().filter((_, n) => n % 5 === 0);

beforeAll(async () => {
  for (const kind of Object.keys(disguises)) mkdirSync(join(folder, kind));
  for (const name of chosen) {
    const upright = sharp(join(samples!, name)).rotate().toColourspace('srgb').removeAlpha();
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    for (const [kind, disguise] of Object.entries(disguises)) {
      const picture = sharp(data, { raw: info });
      const start = kind === 'turned' ? await turned(picture, width, height) : picture;
      await disguise(start, width, height).toFile(join(folder, kind, name.replace('.JPEG', '.jpg')));
    }
  }
}, 300_000);

/** Of a picture and all of its disguises the same. */
const originalOf = (file: string) => basename(file).replace(/\.(JPEG|jpg)$/, '');

interface Row {
  readonly files: readonly { readonly file: string }[];
}

test.skipIf(samples === undefined)(
  'duplicates finds 100 pictures in seven disguises among 500, and takes no two pictures for one',
  () => {
    const { stdout, code } = mobilenet('duplicates', samples!, folder, '--format', 'jsonl', '-q', '--exclude', '*.txt');
    expect(code).toBe(0);
    const groups = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Row).files.map(({ file }) => file));
    for (const files of groups) expect(new Set(files.map(originalOf)).size).toBe(1);
    const withOriginal = groups.filter((files) => files.some((file) => file.endsWith('.JPEG'))).flat();
    const found = Object.fromEntries(
      Object.keys(disguises).map((kind) => [kind, withOriginal.filter((file) => file.includes(`/${kind}/`)).length]),
    );
    expect(chosen).toHaveLength(100);
    const { grey, ...others } = found;
    const coloured = Object.values(others).reduce((sum, count) => sum + count, 0);
    expect(coloured / (6 * chosen.length)).toBeGreaterThanOrEqual(0.98);
    expect(grey! / chosen.length).toBeGreaterThanOrEqual(0.75);
  },
  300_000,
);
