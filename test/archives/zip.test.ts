import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32, ZipArchive } from '../../src/archives/zip.js';
import { modelErrorOf } from '../weights/golden.js';

interface Member {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says the unpacked size is. */
  readonly size?: number;
  readonly packed?: Uint8Array;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const le = (width: number, value: number): number[] =>
  Array.from({ length: width }, (_, byte) => Math.floor(value / 256 ** byte) % 256);

/** An archive by APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; with `shared` all entries name the first member. */
function makeZip(members: readonly Member[], { comment = '', shared = false } = {}): Uint8Array {
  const bytes: number[] = [];
  const directory: number[] = [];
  for (const { name, data, method = 0, flags = 0, size = data.length, packed = data } of members) {
    const offset = shared ? 0 : bytes.length;
    const sizes = [...le(4, crc32(data)), ...le(4, packed.length), ...le(4, size)];
    const common = [
      ...le(2, 20),
      ...le(2, flags),
      ...le(2, method),
      ...le(4, 0),
      ...sizes,
      ...le(2, text(name).length),
    ];
    bytes.push(...le(4, 0x04034b50), ...common, ...le(2, 0), ...text(name), ...packed);
    directory.push(...le(4, 0x02014b50), ...le(2, 20), ...common, ...le(2, 0), ...le(2, 0), ...le(8, 0));
    directory.push(...le(4, offset), ...text(name));
  }
  const counts = [...le(2, 0), ...le(2, 0), ...le(2, members.length), ...le(2, members.length)];
  const end = [...le(4, 0x06054b50), ...counts, ...le(4, directory.length), ...le(4, bytes.length)];
  return Uint8Array.of(...bytes, ...directory, ...end, ...le(2, comment.length), ...text(comment));
}

const hello = text('hello hello hello hello');
const deflated = { name: 'd', data: hello, method: 8, packed: new Uint8Array(deflateRawSync(hello)) };

describe('crc32', () => {
  it('gives the check value of the standard', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
  });
});

describe('ZipArchive', () => {
  it.each(['', 'a comment', 'PK\x05\x06'])('reads stored and deflated members before the comment %j', (comment) => {
    const archive = new ZipArchive(makeZip([{ name: 's', data: hello }, deflated], { comment }), 'z');
    expect(archive.names).toEqual(['s', 'd']);
    expect(archive.read('s')).toEqual(hello);
    expect(new Uint8Array(archive.read('d'))).toEqual(hello);
  });

  it('says that a member is absent', () => {
    expect(modelErrorOf(() => new ZipArchive(makeZip([]), 'z').read('x'))?.message).toBe('z: zip: no member "x"');
  });

  it.each<[string, readonly Member[], RegExp]>([
    ['an unknown method', [{ ...deflated, method: 12 }], /method 12/],
    ['an encrypted member', [{ name: 's', data: hello, flags: 1 }], /encrypted/],
    ['a name twice', [deflated, deflated], /"d" is there twice/],
    ['a member longer than it says', [{ ...deflated, size: 5 }], /does not unpack to its 5 bytes/],
    ['a member shorter than it says', [{ ...deflated, size: 50 }], /23 bytes in "d", expected 50/],
    ['no deflate stream', [{ ...deflated, packed: Uint8Array.of(255, 255) }], /does not unpack/],
    ['a wrong checksum', [{ name: 'd', data: hello, packed: hello.toReversed() }], /wrong checksum of "d"/],
    ['a size beyond all bounds', [{ ...deflated, size: 0xffffffff }], /members of more than/],
  ])('refuses %s', (_, members, message) => {
    const error = modelErrorOf(() => new ZipArchive(makeZip(members), 'z').read('d'));
    const opened = error ?? modelErrorOf(() => new ZipArchive(makeZip(members), 'z').read('s'));
    expect(opened?.code).toBe('weights-damaged');
    expect(opened?.message).toMatch(message);
  });

  it('does not read the same bytes without end', () => {
    const member = { ...deflated, size: 200 * 1024 * 1024 };
    const archive = new ZipArchive(
      makeZip(
        [
          { ...member, name: 'a' },
          { ...member, name: 'b' },
        ],
        { shared: true },
      ),
      'z',
    );
    expect(modelErrorOf(() => archive.read('a'))?.message).toMatch(/23 bytes in "a"/);
    expect(modelErrorOf(() => archive.read('b'))?.message).toMatch(/members of more than/);
  });

  it.each([0, 21, 22])('refuses %d bytes of nothing', (length) => {
    expect(modelErrorOf(() => new ZipArchive(new Uint8Array(length), 'z'))?.message).toMatch(/no end record/);
  });
});
