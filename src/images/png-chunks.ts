import { viewOf } from './data-view.js';
import type { RandomAccess } from './formats/random-access.js';

export interface PngChunk {
  readonly type: string;
  readonly length: number;
  /** Where the data begin. */
  readonly start: number;
  /** Whether the file has all of it, its checksum included. */
  readonly whole: boolean;
}

const SIGNATURE_BYTES = 8;

/** The chunks of a PNG in order, up to its end or to where the file ends. Nothing of their data is read. */
export function* pngChunks(bytes: RandomAccess): Generator<PngChunk> {
  let at = SIGNATURE_BYTES;
  for (;;) {
    const head = bytes.read(at, 8);
    if (head.length < 8) return;
    const length = viewOf(head).getUint32(0);
    const type = Buffer.from(head.subarray(4)).toString('latin1');
    const start = at + 8;
    yield { type, length, start, whole: start + length + 4 <= bytes.size };
    if (type === 'IEND') return;
    at = start + length + 4;
  }
}
