import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/archives/crc32.js';
import { ZipArchive } from '../../src/archives/zip.js';
import { modelErrorOf } from '../weights/golden.js';
import { type Member, makeZip, text } from './make-zip.js';

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
    const small = new ZipArchive(makeZip([{ name: 's', data: hello }]), 'z');
    expect(modelErrorOf(() => small.read('s', 3))?.message).toMatch(/"s" of \d+ bytes, expected at most 3/);
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
