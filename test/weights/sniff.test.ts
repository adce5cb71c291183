import { describe, expect, it } from 'vitest';
import { sniff } from '../../src/weights/formats/sniff.js';

describe('sniff tells', () => {
  const cases: [string | undefined, readonly number[] | string][] = [
    ['tflite', '\x1c\0\0\0TFL3'],
    ['tgz', '\x1f\x8b\x08'],
    ['hdf5', '\x89HDF\r\n\x1a\n'],
    ['zip', 'PK\x03\x04'],
    ['pickle', '\x80\x02}q'],
    ['safetensors', '\x40\x01\0\0\0\0\0\0{"a"'],
    // A length that is another format's mark.
    ['safetensors', '\x1f\x8b\0\0\0\0\0\0{"a"'],
    ['safetensors', '\x80\x02\0\0\0\0\0\0{"a"'],
    ['onnx', '\x08\x07\x12'],
    ['json', ' {"format"'],
    ['web page', '<!DOCTYPE html>'],
    ['web page', '\ufeff\n<!-- sorry -->\n<HTML>'],
    ['Git LFS pointer', 'version https://git-lfs.github.com/spec/v1'],
    ['XML document', '<?xml version="1.0"?><Error/>'],
    ['empty file', ''],
    [undefined, 'hello'],
    [undefined, '\xff\xd8\xff\xe0'],
  ];
  it.each(cases)('%s from %j', (kind, text) => {
    expect(sniff(Buffer.from(text as string, 'latin1'))).toBe(kind);
  });
});
