import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../../src/errors/errors.js';
import { decode } from '../../../src/images/decode.js';
import { sharedPath } from '../../shared.js';

const load = (name: string) => Buffer.from(readFileSync(new URL(`../../golden/heic/${name}`, import.meta.url)));

async function refusalOf(bytes: Uint8Array, maxPixels?: number): Promise<string> {
  const error = await decode(bytes, { name: 'x', ...(maxPixels !== undefined && { maxPixels }) }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  const { code, message } = error as ImageError;
  expect(message).not.toMatch(/[\r\n]/);
  return `${code}: ${message}`;
}

/** With another size in every `ispe` box (4 bytes after the name: version and flags). */
function withSize(bytes: Buffer, width: number, height: number): Buffer {
  for (let at = bytes.indexOf('ispe'); at >= 0; at = bytes.indexOf('ispe', at + 4)) {
    bytes.writeUInt32BE(width, at + 8);
    bytes.writeUInt32BE(height, at + 12);
  }
  return bytes;
}

describe('HEIC', () => {
  it.each(['upright.heic', 'turned.heic'])('%s stands upright, with its colours', async (name) => {
    const { width, height, data } = await decode(load(name));
    expect({ width, height }).toEqual({ width: 64, height: 48 });
    let worst = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const expected = [x * 4, y * 5, 64];
        for (let c = 0; c < 3; c++) worst = Math.max(worst, Math.abs(data[(y * width + x) * 3 + c]! - expected[c]!));
      }
    }
    expect(worst).toBeLessThanOrEqual(12);
  });

  it('of several pictures the primary one', async () => {
    const { width, height, data } = await decode(load('second-primary.heic'));
    expect({ width, height }).toEqual({ width: 32, height: 24 });
    expect(Math.abs(data[0]! - 200)).toBeLessThan(4);
  });

  it.each([30, 200, 500, -50])('cut at byte %d', async (end) => {
    expect(await refusalOf(load('upright.heic').subarray(0, end))).toMatch(/^corrupt: x: damaged HEIC \(.+\)$/);
  });

  it('a size that does not fit into memory is refused before anything is decoded', async () => {
    const refusal = await refusalOf(withSize(load('upright.heic'), 9000, 8000));
    expect(refusal).toMatch(/^too-large: x: 9000 × 8000 pixels as HEIC need more than 640 MiB of memory/);
  });

  it('a size other than that of the picture', async () => {
    expect(await refusalOf(withSize(load('upright.heic'), 640, 480))).toMatch(/^corrupt: x: damaged HEIC \(.+\)$/);
  });

  it('more pixels than --max-pixels', async () => {
    expect(await refusalOf(load('upright.heic'), 3000)).toMatch(/^too-large: x: 64 × 48 pixels, expected at most 3000/);
  });

  const camera = sharedPath('images/camera');
  it.skipIf(camera === undefined).each([
    ['cheers_1440x960.heic', 1440, 960],
    ['samplefilehub.heif', 640, 426],
  ])('%s', async (name, width, height) => {
    const picture = await decode(`${camera}/${name}`);
    expect([picture.width, picture.height]).toEqual([width, height]);
    expect(new Set(picture.data).size).toBeGreaterThan(200);
  });
});
