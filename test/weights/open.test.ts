import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWeights } from '../../src/weights/formats/open.js';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { makeFolder } from './folder.js';
import { goldenFile } from './golden.js';

const text = (value: string) => new TextEncoder().encode(value);
const manifest = { weightsManifest: [{ paths: ['w'], weights: [{ name: 'a/b', shape: [1], dtype: 'float32' }] }] };

describe('openWeights', () => {
  it('tells formats by content, whatever the ending', async () => {
    const tensors = new Map([['a', { shape: [1], data: Float32Array.of(1) }]]);
    const folder = makeFolder({
      'a.txt': writeSafetensors(tensors),
      'b.safetensors': goldenFile('zip.pth'),
      'c.onnx': goldenFile('legacy.pth'),
      'renamed.json': manifest,
      'model.json': manifest,
      w: new Uint8Array(4),
    });
    const formatOf = async (name: string) => {
      const opened = await openWeights(join(folder, name));
      return opened.kind === 'tensors' ? opened.format : opened.kind;
    };
    expect(await formatOf('a.txt')).toBe('safetensors');
    expect(await formatOf('b.safetensors')).toBe('pytorch');
    expect(await formatOf('c.onnx')).toBe('pytorch');
    expect(await formatOf('renamed.json')).toBe('tfjs');
    expect(await formatOf('')).toBe('tfjs');
  });

  it('is not taken in by the length that safetensors begin with', async () => {
    const tensors = new Map([['a', { shape: [1], data: Float32Array.of(1) }]]);
    for (let padding = 0; padding < 300; padding += 8) {
      const file = writeSafetensors(tensors, { text: 'x'.repeat(padding) });
      const opened = await openWeights(join(makeFolder({ file }), 'file'));
      expect(opened).toMatchObject({ format: 'safetensors' });
    }
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['a web page', '<!doctype html><html>', /a web page, expected safetensors \(\.safetensors\), TFLite/],
    ['an empty file', '', /an empty file, expected/],
    ['text', 'hello there', /weights of an unknown format, expected/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /a Git LFS pointer, expected/],
    ['an archive', Uint8Array.of(0x1f, 0x8b, 8, 0), /a tgz, expected/],
    ['JSON of another kind', text('{"name": 1}'), /with no weightsManifest/],
  ])('refuses %s', async (_, content, message) => {
    const folder = makeFolder({ file: content });
    await expect(openWeights(join(folder, 'file'))).rejects.toThrow(message);
  });

  it('refuses what is not there', async () => {
    await expect(openWeights('/nowhere/at/all.pth')).rejects.toThrow(/no such file/);
  });
});
