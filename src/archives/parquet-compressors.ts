import * as zlib from 'node:zlib';
import { decompress as unpackZstd } from 'fzstd';
import { type Compressors, snappyUncompress } from 'hyparquet';
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors/src/lz4.js';
import { ArchiveError } from './archive-types.js';
import { MOST_PAGE_BYTES } from './parquet-limits.js';

type Unpack = (packed: Uint8Array, length: number) => Uint8Array;

/** Node.js has zstd since 22.15. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync };

const unpackers: Readonly<Record<Exclude<keyof Compressors, 'UNCOMPRESSED' | 'LZO'>, Unpack>> = {
  SNAPPY(packed, length) {
    const target = new Uint8Array(length);
    snappyUncompress(packed, target);
    return target;
  },
  GZIP: (packed, length) => zlib.gunzipSync(packed, { maxOutputLength: length }),
  BROTLI: (packed, length) => zlib.brotliDecompressSync(packed, { maxOutputLength: length }),
  ZSTD: (packed, length) =>
    zstdDecompressSync
      ? zstdDecompressSync(packed, { maxOutputLength: length })
      : unpackZstd(packed, new Uint8Array(length)),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

/** By Node.js where it can; the lengths that a file gives are bounded before anything is allocated. */
export const compressors: Compressors = Object.fromEntries(
  Object.entries(unpackers).map(([name, unpack]): [string, Unpack] => [
    name,
    (packed, length) => {
      if (!(length <= MOST_PAGE_BYTES)) throw new ArchiveError({ problem: `a page of ${length} bytes` });
      return length === 0 ? new Uint8Array(0) : unpack(packed, length);
    },
  ]),
);
