import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { supportedFormats } from '../../src/domain/image-format.js';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { ImageError } from '../../src/errors/errors.js';
import { prepareImage } from '../../src/images/prepare.js';
import { sharedPath } from '../shared.js';

const kernels = await loadPixelKernels();
const folder = sharedPath('images/awkward');

const preprocessing: Preprocessing = {
  crop: 'center',
  resize: 256,
  resolution: 224,
  filter: 'pil-bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

const formats = `expected ${supportedFormats}`;

/** Every file that is refused and why; all others are pictures. */
const refusals: Readonly<Record<string, string>> = {
  'exif_orientation/LICENSE': `unsupported-format: text is not supported, ${formats}`,
  'exif_orientation/SOURCE.txt': `unsupported-format: text is not supported, ${formats}`,
  'pngsuite/LICENSE': `unsupported-format: text is not supported, ${formats}`,
  'pngsuite/PngSuite.README': `unsupported-format: text is not supported, ${formats}`,
  'pngsuite/SOURCE.txt': `unsupported-format: text is not supported, ${formats}`,
  // Colour type 1 and 9; CR and LF added to the signature; wrong checksum of the data; bit depth 0, 3, 99.
  'pngsuite/png/xc1n0g08.png': 'corrupt: damaged PNG (colour type 1 does not exist)',
  'pngsuite/png/xc9n2c08.png': 'corrupt: damaged PNG (colour type 9 does not exist)',
  'pngsuite/png/xcrn0g04.png': 'corrupt: damaged PNG (wrong signature)',
  'pngsuite/png/xcsn0g01.png': 'corrupt: damaged PNG (wrong checksum of IDAT)',
  'pngsuite/png/xd0n2c08.png': 'corrupt: damaged PNG (bit depth 0 does not exist for its colour type)',
  'pngsuite/png/xd3n2c08.png': 'corrupt: damaged PNG (bit depth 3 does not exist for its colour type)',
  'pngsuite/png/xd9n2c08.png': 'corrupt: damaged PNG (bit depth 99 does not exist for its colour type)',
  // No data at all; wrong checksum of the header; four damaged signatures.
  'pngsuite/png/xdtn0g01.png': 'corrupt: damaged PNG (no image data)',
  'pngsuite/png/xhdn0g08.png': 'corrupt: damaged PNG (wrong checksum of IHDR)',
  'pngsuite/png/xlfn0g04.png': 'corrupt: damaged PNG (wrong signature)',
  'pngsuite/png/xs1n0g01.png': 'corrupt: damaged PNG (wrong signature)',
  'pngsuite/png/xs2n0g01.png': 'corrupt: damaged PNG (wrong signature)',
  'pngsuite/png/xs4n0g01.png': 'corrupt: damaged PNG (wrong signature)',
  'pngsuite/png/xs7n0g01.png': 'corrupt: damaged PNG (wrong signature)',
  'sharp/SOURCE.txt': `unsupported-format: text is not supported, ${formats}`,
  'sharp/check.svg': `unsupported-format: SVG is not supported, ${formats}`,
  'sharp/circle.svg': `unsupported-format: SVG is not supported, ${formats}`,
  'sharp/corrupt-header.jpg': 'corrupt: damaged JPEG (the file ends early)',
  'sharp/relax.jp2': `unsupported-format: JPEG 2000 is not supported, ${formats}`,
  'sharp/relax_tileparts.jp2': `unsupported-format: JPEG 2000 is not supported, ${formats}`,
  'sharp/struct-image-04-t.svg': `unsupported-format: SVG is not supported, ${formats}`,
  'sharp/truncated.jpg': 'corrupt: damaged JPEG (the file ends early)',
  'sharp/truncated.png': 'corrupt: damaged PNG (the file ends early)',
};

function listFiles(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(path.length + 1).replaceAll('\\', '/'))
    .sort();
}

/** 'picture', or the refusal as "code: message" without the file's name. */
async function outcomeOf(path: string): Promise<string> {
  const tensor = new Float32Array(224 * 224 * 3).fill(Number.NaN);
  try {
    await prepareImage(path, preprocessing, tensor, kernels);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return `${error.code}: ${error.message.replace(`${path}: `, '')}`;
  }
  return tensor.every(Number.isFinite) ? 'picture' : 'a tensor with gaps';
}

describe.skipIf(folder === undefined)('../shared/reference/images/awkward', () => {
  const files = folder === undefined ? [] : listFiles(folder);

  it('every file but the 65536 × 65536 one is a picture or refused for the reason listed', async () => {
    const outcomes: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const file of files) {
      if (file === 'sharp/65536-uint32-limit.png') continue;
      outcomes[file] = await outcomeOf(`${folder}/${file}`);
      expected[file] = refusals[file] ?? 'picture';
    }
    expect(outcomes).toEqual(expected);
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(Object.keys(refusals)));
  }, 120_000);

  it('12 GiB of pixels are classified in a process that stays below 1 GiB', async () => {
    expect(await outcomeOf(`${folder}/sharp/65536-uint32-limit.png`)).toBe('picture');
    expect(process.resourceUsage().maxRSS).toBeLessThan(2 ** 20);
  }, 240_000);
});
