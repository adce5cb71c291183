import { describe, expect, it } from 'vitest';
import {
  readSafetensors,
  readSafetensorsParts,
  writeSafetensors,
} from '../../src/weights/formats/safetensors/safetensors.js';
import type { Tensor } from '../../src/weights/types.js';
import {
  describeTensors,
  expectNoCrashWhenChanged,
  expectRefusedWhenCut,
  goldenFigures,
  goldenFile,
  modelErrorOf,
} from './golden.js';

const bytes = goldenFile('small.safetensors');

/** A file with this header (as JSON unless it is text) and so many bytes of data. */
function makeFile(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const f32 = (shape: unknown, offsets: unknown) => ({ dtype: 'F32', shape, data_offsets: offsets });

describe('readSafetensors', () => {
  it('reads what the Python package wrote, without integers', () => {
    expect(describeTensors(readSafetensors(bytes, 'small'))).toEqual(goldenFigures().safetensors);
  });

  it('reads unaligned bytes', () => {
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(describeTensors(readSafetensors(shifted.subarray(1), 'x'))).toEqual(goldenFigures().safetensors);
  });

  it('refuses a file cut anywhere', () => {
    expectRefusedWhenCut(bytes, (part) => readSafetensors(part, 'cut'));
  });

  it('survives a change of any byte', () => {
    expectNoCrashWhenChanged(bytes, (changed) => readSafetensors(changed, 'changed'));
  });

  it.each([
    ['no JSON', makeFile('{"a":', 0), /not JSON/],
    ['an array', makeFile('[]', 0), /not JSON/],
    ['a tensor that is null', makeFile({ a: null }, 0), /no tensor/],
    ['no dtype', makeFile({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /no dtype/],
    ['a negative shape', makeFile({ a: f32([-1], [0, 4]) }, 4), /impossible shape/],
    ['a fractional shape', makeFile({ a: f32([0.5], [0, 2]) }, 2), /impossible shape/],
    ['a huge shape', makeFile({ a: f32([2 ** 30, 2 ** 30], [0, 4]) }, 4), /impossible shape/],
    ['a shape that is a text', makeFile({ a: f32('4', [0, 4]) }, 4), /impossible shape/],
    ['offsets that do not fit the shape', makeFile({ a: f32([2], [0, 4]) }, 4), /expected 8/],
    [
      'offsets beyond the end',
      makeFile({ a: f32([2], [0, 8]) }, 4),
      /bytes 0 to 8, but the file has only 4 bytes of data/,
    ],
    ['negative offsets', makeFile({ a: f32([1], [-4, 0]) }, 4), /bytes -4 to 0/],
    ['one offset', makeFile({ a: f32([1], [0]) }, 4), /no offsets/],
    ['an overlap', makeFile({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8), /begins at 4, expected 8/],
    ['a hole', makeFile({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12), /begins at 8, expected 4/],
    ['data that nothing names', makeFile({ a: f32([1], [0, 4]) }, 8), /8 bytes of data, expected 4/],
  ])('refuses %s', (_, file, message) => {
    const error = modelErrorOf(() => readSafetensors(file, 'bad'));
    expect(error?.code).toBe('weights-damaged');
    expect(error?.message).toMatch(message);
  });

  it('widens BF16, exactly', () => {
    // 1, −2, the smallest subnormal, 1.0078125 (the number after 1).
    const bits = [0x3f80, 0xc000, 0x0001, 0x3f81];
    const file = makeFile({ a: { dtype: 'BF16', shape: [2, 2], data_offsets: [0, 8] } }, 8);
    new Uint8Array(file.buffer, file.byteOffset).set(new Uint8Array(Uint16Array.from(bits).buffer), file.length - 8);
    const { data } = readSafetensors(file, 'x').get('a')!;
    expect([...data]).toEqual([1, -2, 2 ** -133, 1 + 2 ** -7]);
  });

  it.each(['I8', 'U8'])('refuses %s weights, keeps their like as counters', (dtype) => {
    const weights = makeFile({ a: { dtype, shape: [2, 4], data_offsets: [0, 8] } }, 8);
    expect(modelErrorOf(() => readSafetensors(weights, 'bad'))?.message).toMatch(
      /^bad: "a" holds [IU]8 weights, whose scales/,
    );
    const list = makeFile({ a: { dtype, shape: [8], data_offsets: [0, 8] } }, 8);
    expect(readSafetensors(list, 'x').size).toBe(0);
  });

  it.each(['F64', 'toString'])('refuses dtype %s', (dtype) => {
    const file = makeFile({ a: { dtype, shape: [1], data_offsets: [0, 8] } }, 8);
    expect(modelErrorOf(() => readSafetensors(file, 'bad'))?.code).toBe('weights-dtype');
  });

  it.each([2n ** 64n - 1n, 2n ** 53n, 8_388_609n, 1000n])('refuses a header of %d bytes', (length) => {
    const file = makeFile({}, 0);
    new DataView(file.buffer).setBigUint64(0, length, true);
    expect(modelErrorOf(() => readSafetensors(file, 'bad'))?.message).toMatch(/header of/);
  });
});

describe('readSafetensorsParts', () => {
  it('reads the tensors that are wanted, and leaves the others where they are', () => {
    const tensors = new Map(
      ['a', 'b', 'c', 'd', 'e'].map((name, at) => [name, { shape: [2], data: Float32Array.of(at + 1, at + 2) }]),
    );
    const file = writeSafetensors(tensors);
    const read = (target: Uint8Array, position: number) =>
      target.set(file.subarray(position, position + target.length));
    for (const wanted of ['', 'a', 'ab', 'bd', 'cde', 'abcde']) {
      const found = readSafetensorsParts({ read }, new Uint8Array(file.length), 'own', (name) => wanted.includes(name));
      for (const [name, { data }] of tensors) {
        expect(found.get(name)?.data).toEqual(wanted.includes(name) ? data : new Float32Array(2));
      }
    }
  });

  it('refuses a file cut anywhere', () => {
    expectRefusedWhenCut(bytes, (part) => {
      const read = (target: Uint8Array, position: number) =>
        target.set(part.subarray(position, position + target.length));
      return readSafetensorsParts({ read }, new Uint8Array(part.length), 'cut', () => true);
    });
  });
});

describe('writeSafetensors', () => {
  const tensors = new Map<string, Tensor>([
    ['half', { shape: [3], data: Uint16Array.of(1, 2, 0xffff) }],
    ['b', { shape: [2, 1], data: Float32Array.of(1.5, -2) }],
    ['__proto__', { shape: [], data: Float32Array.of(7) }],
    ['empty', { shape: [0, 4], data: new Float32Array(0) }],
  ]);

  it('writes what it reads', () => {
    const read = readSafetensors(writeSafetensors(tensors, { origin: 'here' }), 'own');
    expect(new Map([...read].toSorted())).toEqual(new Map([...tensors].toSorted()));
  });

  it('aligns the data and does not depend on the order', () => {
    const file = writeSafetensors(tensors);
    expect(new DataView(file.buffer).getBigUint64(0, true) % 8n).toBe(0n);
    expect(writeSafetensors(new Map([...tensors].toReversed()))).toEqual(file);
    for (const { data } of readSafetensors(file, 'own').values()) expect(data.buffer).toBe(file.buffer);
  });
});
