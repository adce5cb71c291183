import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../src/errors/errors.js';
import { decode } from '../../src/images/decode.js';
import { bytesOf, difference } from './golden.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What golden/pictures/kinds.py writes. */
type Kind =
  | (Size & { readonly sha256: string })
  | (Size & { readonly pixels: string })
  | { readonly error: string; readonly says: string };

const folder = fileURLToPath(new URL('../golden/pictures/', import.meta.url));
const kinds: Readonly<Record<string, Kind>> = JSON.parse(readFileSync(`${folder}kinds.json`, 'utf8'));

async function decodeOrFail(input: string | Uint8Array) {
  try {
    return await decode(input);
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
}

describe('kinds of images', () => {
  it.each(Object.entries(kinds))('%s', async (name, kind) => {
    const path = `${folder}kinds/${name}`;
    for (const input of [path, readFileSync(path)]) {
      const decoded = await decodeOrFail(input);
      if (decoded instanceof ImageError) {
        const { error, says } = kind as { error: string; says: string };
        expect(decoded.code, decoded.message).toBe(error);
        expect(decoded.message).toContain(says);
        expect(decoded.message).toMatch(/; convert it to (PNG or JPEG|JPEG or TIFF) first/);
        continue;
      }
      const { width, height, data } = decoded;
      expect(kind).toMatchObject({ width, height });
      if ('pixels' in kind) expect(difference(data, bytesOf(kind.pixels)).mean).toBeLessThan(1);
      else expect(kind).toMatchObject({ sha256: createHash('sha256').update(data).digest('hex') });
    }
  });
});
