import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mobilenet, root } from './run.js';

/** The first bytes of a NaN, little-endian. */
const NANS = { F16: [0x00, 0x7e], F32: [0x00, 0x00, 0xc0, 0x7f] } as const;

const photos = ['alps', 'boats'].map((name) => join(root, `test/photos/${name}.jpg`));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-nan-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The box's MobileNetV2 with one number of one tensor replaced. */
function damaged(tensor: string): string {
  const bytes = readFileSync(join(root, 'models/mobilenet_v2_1.0_224.safetensors'));
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes));
  const { dtype, data_offsets } = header[tensor] as { dtype: keyof typeof NANS; data_offsets: [number, number] };
  bytes.set(NANS[dtype], 8 + headerBytes + data_offsets[0]);
  const path = join(folder, `${tensor.replace('/', '-')}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

describe('weights that are no numbers', () => {
  it.each(['predictions/bias', 'block_9_expand/weights'])(
    'NaN in %s: a row with its code, one sentence, exit 5',
    (tensor) => {
      const weights = damaged(tensor);
      const sentence = (name: string) =>
        expect.stringMatching(new RegExp(`^${name}: the network gives NaN for class \\d+, expected a probability$`));
      for (const more of [[], ['--jobs', '2'], ['--timeout', '60']]) {
        const { stdout, stderr, code } = mobilenet('classify', '--json', '--weights', weights, ...more, ...photos);
        expect(code).toBe(5);
        expect(JSON.parse(stdout).images).toEqual(
          photos.map((file) => ({ file, error: { code: 'not-finite', message: sentence(file) } })),
        );
        expect(stderr.trimEnd().split('\n')).toEqual(photos.map((file) => sentence(`mobilenet: ${file}`)));
      }
      // A picture that is none is to blame itself.
      const { code } = mobilenet('classify', '--weights', weights, 'package.json', photos[0]!);
      expect(code).toBe(3);
    },
  );
});
