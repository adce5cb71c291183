import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/images/decode.js';
import { bytesOf, difference, golden } from './golden.js';

const folder = new URL('../golden/preprocess/', import.meta.url);

/** Largest distance from Pillow's pixels, where two decoders may round differently; all other files agree exactly. */
const lossy: Readonly<Record<string, number>> = { jpg: 3, avif: 4, 'lossy.webp': 2 };

describe('a decoded picture is what Pillow’s exif_transpose and convert("RGB") make of it', () => {
  it.each(Object.entries(golden.decoded))('%s', async (name, expected) => {
    const image = await decode(fileURLToPath(new URL(name, folder)));
    expect([image.width, image.height]).toEqual([expected.width, expected.height]);
    const tolerance = lossy[name] ?? lossy[name.slice(name.lastIndexOf('.') + 1)] ?? 0;
    expect(difference(image.data, bytesOf(expected.pixels)).maximum).toBeLessThanOrEqual(tolerance);
  });

  it('reads bytes as it reads a file', async () => {
    const path = fileURLToPath(new URL('rgb.png', folder));
    const fromBytes = await decode(readFileSync(path));
    expect(fromBytes).toEqual(await decode(path));
    // A plain Uint8Array in the middle of a larger buffer, too.
    const padded = new Uint8Array(readFileSync(path).length + 20);
    padded.set(readFileSync(path), 7);
    expect(await decode(padded.subarray(7, padded.length - 13))).toEqual(fromBytes);
  });
});
