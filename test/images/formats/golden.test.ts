import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../src/images/decode.js';

const folder = new URL('../../golden/formats/', import.meta.url);

/** What formats.py writes; pixels are base64. */
const golden: Readonly<Record<string, { width: number; height: number; pixels: string; by: string }>> = JSON.parse(
  readFileSync(new URL('../../golden/formats.json', import.meta.url), 'utf8'),
);

describe('pixels are those of the reference', () => {
  it.each(Object.keys(golden))('%s', async (name) => {
    const { width, height, pixels } = golden[name]!;
    const picture = await decode(readFileSync(new URL(name, folder)), { name });
    expect({ width: picture.width, height: picture.height }).toEqual({ width, height });
    expect(Buffer.from(picture.data).toString('base64')).toBe(pixels);
  });

  it('every file has its pixels', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(golden).sort());
  });
});
