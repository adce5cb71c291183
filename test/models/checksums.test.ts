import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkParts, checksums, partsText } from '../../src/models/checksums.js';
import { openParts } from '../../src/untrusted-data/regular-file.js';
import { makeFolder } from '../weights/folder.js';
import { modelErrorOf } from '../weights/golden.js';

const bytes = Uint8Array.from({ length: 40 }, (_, at) => 5 * at);
const places = [0, 8, 9, 30];
const ends = [8, 9, 30, 40];

function open(content: Uint8Array) {
  const path = join(makeFolder({ file: content }), 'file');
  const file = openParts(path);
  const whole = checksums(bytes);
  return {
    file,
    checked: () => checkParts(path, file, { ...whole, parts: partsText(bytes, places) }),
    checkedAtOnce: () => checkParts(path, file, whole),
  };
}

describe.skipIf(!zlib.crc32)('a file whose parts are compared when they are read', () => {
  it('gives one part or several neighbours, in any order and again', () => {
    const { file, checked } = open(bytes);
    const read = checked();
    for (const [from, to] of [
      [30, 40],
      [0, 9],
      [9, 30],
      [8, 40],
      [0, 40],
      [9, 9],
      [9, 30],
    ] as const) {
      const target = new Uint8Array(to - from);
      read.read(target, from);
      expect(target).toEqual(bytes.subarray(from, to));
    }
    file.close();
  });

  it('refuses one bit changed in any part, when that is read and each time', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 0x10;
      const { file, checked } = open(changed);
      const read = checked();
      places.forEach((from, part) => {
        const isHere = from <= at && at < ends[part]!;
        for (const to of [ends[part]!, ends[part]!, ends.at(-1)!]) {
          const error = modelErrorOf(() => read.read(new Uint8Array(to - from), from));
          if (isHere) expect(error?.message).toMatch(/file: CRC-32 .{8}, expected .{8}$/);
          else if (to === ends[part]) expect(error).toBeUndefined();
        }
      });
      file.close();
    }
  });

  it('refuses what is no whole part', () => {
    const { file, checked } = open(bytes);
    const read = checked();
    for (const [from, to] of [
      [0, 7],
      [1, 8],
      [8, 29],
      [9, 31],
      [0, 39],
      [31, 40],
    ] as const) {
      expect(modelErrorOf(() => read.read(new Uint8Array(to - from), from))?.code).toBe('weights-damaged');
    }
    file.close();
  });

  it('refuses another length at once', () => {
    const { file, checked } = open(bytes.subarray(1));
    expect(modelErrorOf(checked)?.message).toMatch(/39 bytes, expected 40/);
    file.close();
  });

  it('without a list of parts is compared at once, and then read anywhere', () => {
    for (const at of bytes.keys()) {
      const changed = bytes.slice();
      changed[at]! ^= 0x10;
      const { file, checkedAtOnce } = open(changed);
      expect(modelErrorOf(checkedAtOnce)?.code).toBe('weights-damaged');
      file.close();
    }
    const { file, checkedAtOnce } = open(bytes);
    const target = new Uint8Array(3);
    checkedAtOnce().read(target, 7);
    expect(target).toEqual(bytes.subarray(7, 10));
    file.close();
  });
});
