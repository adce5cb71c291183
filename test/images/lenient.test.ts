import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../src/errors/errors.js';
import { decode } from '../../src/images/decode.js';
import { difference } from './golden.js';

const golden = fileURLToPath(new URL('../golden/', import.meta.url));

/** From the share of the file from which on there is something to show. */
const files: Readonly<Record<string, number>> = {
  'preprocess/420.jpg': 0.6,
  'preprocess/progressive.jpg': 0.3,
  'preprocess/cmyk.jpg': 0.3,
  'preprocess/rgb.png': 0.3,
  'pictures/kinds/rgb-16.png': 0.5,
  'pictures/kinds/trns-palette.png': 0.8,
  'preprocess/palette.gif': 0.4,
  'pictures/kinds/rows.gif': 0.4,
};

const refused = [
  'preprocess/alpha.webp',
  'pictures/kinds/rgb-16.tif',
  'pictures/kinds/rgb-16-tiled.tif',
  'preprocess/picture.avif',
];

async function codeOf(bytes: Uint8Array, lenient: boolean): Promise<string> {
  try {
    const { facts } = await decode(bytes, { lenient });
    return facts.truncated ? 'truncated' : 'whole';
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
}

describe('files that end early', () => {
  it.each(Object.entries(files))('%s is an error, and with lenient what is left', async (name, from) => {
    const whole = readFileSync(`${golden}${name}`);
    expect(await codeOf(whole, true)).toBe('whole');
    const picture = await decode(whole);
    let last = Number.POSITIVE_INFINITY;
    for (const share of [from, (from + 0.9) / 2, 0.9]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      expect(await codeOf(cut, false), `${share}`).toBe('corrupt');
      const { data, width, height, facts } = await decode(cut, { lenient: true });
      expect([width, height, facts]).toEqual([picture.width, picture.height, { truncated: true }]);
      const { mean } = difference(data, picture.data);
      expect(mean).toBeLessThanOrEqual(last);
      last = mean;
    }
    expect(last).toBeLessThan(40);
  });

  it.each(Object.keys(files))('%s cut anywhere gives a picture or says that it is damaged', async (name) => {
    const whole = readFileSync(`${golden}${name}`);
    const step = Math.max(1, Math.floor(whole.length / 60));
    const outcomes = new Set<string>();
    for (let length = 1; length < whole.length; length += step) {
      const cut = whole.subarray(0, length);
      const outcome = await codeOf(cut, true);
      outcomes.add(outcome);
      if (outcome === 'truncated') expect(await codeOf(cut, false)).toBe('corrupt');
    }
    expect(
      [...outcomes].filter((outcome) => !['corrupt', 'truncated', 'whole', 'unsupported-format'].includes(outcome)),
    ).toEqual([]);
    expect(outcomes).toContain('truncated');
    expect(outcomes).toContain('corrupt');
  });

  it.each(refused)('%s stays an error', async (name) => {
    const whole = readFileSync(`${golden}${name}`);
    for (const share of [0.5, 0.9, 0.99]) {
      expect(await codeOf(whole.subarray(0, Math.floor(whole.length * share)), true), `${share}`).toBe('corrupt');
    }
  });

  it('damage in the middle of a whole file is not taken for its end', async () => {
    const whole = readFileSync(`${golden}preprocess/rgb.png`);
    whole[Math.floor(whole.length / 2)]! ^= 0xff;
    expect(await codeOf(whole, true)).toBe('corrupt');
  });

  it('asks for memory once', async () => {
    const whole = readFileSync(`${golden}preprocess/420.jpg`);
    const asked: number[] = [];
    const reserve = async (bytes: number) => void asked.push(bytes);
    await decode(whole.subarray(0, whole.length - 40), { lenient: true, reserve });
    expect(asked).toHaveLength(1);
  });
});
