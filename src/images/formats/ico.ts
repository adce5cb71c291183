import { openDib } from './bmp.js';
import { damaged } from './picture-problem.js';
import type { Contained, Readable } from './readable.js';

interface Entry {
  readonly area: number;
  readonly depth: number;
  readonly at: number;
  readonly length: number;
}

const ENTRY_BYTES = 16;
const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n';

function readEntries(bytes: Uint8Array): readonly Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 6) throw damaged('the header is cut short');
  const count = view.getUint16(4, true);
  if (count === 0) throw damaged('no picture in it');
  if (bytes.length < 6 + count * ENTRY_BYTES) throw damaged('the list of pictures is cut short');
  const isCursor = bytes[2] === 2;
  return Array.from({ length: count }, (_, i) => {
    const at = 6 + i * ENTRY_BYTES;
    const colours = bytes[at + 2]!;
    // A cursor has its hot spot in place of the depth.
    const bits = isCursor ? 0 : view.getUint16(at + 6, true);
    return {
      area: (bytes[at] || 256) * (bytes[at + 1] || 256),
      depth: bits || (colours === 0 ? 0 : Math.ceil(Math.log2(colours))) || 256,
      length: view.getUint32(at + 8, true),
      at: view.getUint32(at + 12, true),
    };
  });
}

/**
 * The largest picture of an icon or cursor by its list; of several of one size that of the fewest colours, as in Pillow.
 * The mask is not applied.
 *
 * @throws PictureProblem
 */
export function openIcon(bytes: Uint8Array): Readable | Contained {
  const [largest] = [...readEntries(bytes)].sort((a, b) => b.area - a.area || a.depth - b.depth);
  const { at, length } = largest!;
  if (at >= bytes.length) throw damaged('the largest picture lies beyond the end of the file');
  // The length is not to be trusted: some writers leave the mask out of it.
  const data = bytes.subarray(at);
  if (Buffer.from(data.subarray(0, 8)).toString('latin1') !== PNG_SIGNATURE) return openDib(data, undefined, true);
  return { format: 'PNG', data: bytes.subarray(at, at + length) };
}
