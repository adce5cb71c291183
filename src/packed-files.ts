import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import type { PackedParameters, PackedStore } from './engine/int8/packed-store.js';
import { places } from './store/home.js';

/** Files that stay; the ones written last. */
const MOST_FILES = 8;
/** Of the header, and of the parameters. */
const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_BYTES = 2 ** 28;
const LENGTH_BYTES = 4;

interface Header {
  readonly narrow: readonly string[];
  readonly wide: readonly string[];
  readonly bytes: number;
  readonly crc32: number;
}

/**
 * Packed parameters in files of the store's folder: the length of a JSON header (u32), the header, the bytes as the kernels
 * read them. A file's name says of what it is: weights and levels (`key`), kernels, and the code that packs. They only save
 * time: what cannot be read, or is damaged, is not there, and what cannot be written is not kept.
 * @param key letters, digits, dots, _ and - that name weights and levels
 */
export function packedStore(home: string, key: string): PackedStore {
  const folder = places.packed(home);
  const pathOf = (kernels: string) => join(folder, `${key}.${kernels}.${ownCode()}.bin`);
  return {
    find(kernels) {
      try {
        return openPacked(pathOf(kernels));
      } catch {
        return undefined;
      }
    },
    keep(kernels, maps, parameters) {
      const named = (wide: boolean) => [...maps].filter(([, map]) => map.wide === wide).map(([name]) => name);
      const facts: Header = {
        narrow: named(false),
        wide: named(true),
        bytes: parameters.length,
        crc32: zlib.crc32(parameters),
      };
      const header = new TextEncoder().encode(JSON.stringify(facts));
      const length = new Uint8Array(Uint32Array.of(header.length).buffer);
      const path = pathOf(kernels);
      const temporary = `${path}.${process.pid}.tmp`;
      try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(temporary, Buffer.concat([length, header, parameters]), { flag: 'wx' });
        renameSync(temporary, path);
        removeOldest(folder);
      } catch {
        removeQuietly(temporary);
      }
    },
  };
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is none, or not ours.
  }
}

/** The file that runs is part of what a packed form follows from: in the built command it has all the code. */
function ownCode(): string {
  return zlib.crc32(readFileSync(fileURLToPath(import.meta.url))).toString(16);
}

/** Throws where there is none, or no header. */
function openPacked(path: string): PackedParameters {
  const descriptor = openSync(path, 'r');
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    readSync(descriptor, length, 0, LENGTH_BYTES, 0);
    const headerBytes = length.readUInt32LE();
    const { size } = fstatSync(descriptor);
    if (headerBytes > MAX_HEADER_BYTES || size > MAX_BYTES) throw new RangeError(path);
    const header = Buffer.alloc(headerBytes);
    readSync(descriptor, header, 0, headerBytes, LENGTH_BYTES);
    const { narrow, wide, bytes, crc32 } = JSON.parse(header.toString()) as Header;
    const start = LENGTH_BYTES + headerBytes;
    if (size !== start + bytes) throw new RangeError(path);
    const maps = new Map([...narrow].map((name) => [name, { wide: false }]));
    for (const name of wide) maps.set(name, { wide: true });
    return { maps, bytes, read: (into) => readParameters(path, start, into) && zlib.crc32(into) === crc32 };
  } finally {
    closeSync(descriptor);
  }
}

function readParameters(path: string, start: number, into: Uint8Array): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(descriptor, into, filled, into.length - filled, start + filled);
      if (count === 0) return false;
      filled += count;
    }
    return true;
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function removeOldest(folder: string): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const times = new Map(files.map((file) => [file, statSync(file).mtimeMs]));
  files.sort((a, b) => times.get(b)! - times.get(a)!);
  for (const file of files.slice(MOST_FILES)) rmSync(file, { force: true });
}
