import { viewOf } from '../data-view.js';
import type { RandomAccess } from './random-access.js';

/** Segments before the frame, at most. */
const MOST_SEGMENTS = 1000;

const [START_OF_SCAN, END_OF_IMAGE] = [0xda, 0xd9];

/** Baseline, extended and progressive frames, Huffman coded: what a viewer shows. Lossless ones hold a sensor's samples. */
const SHOWN_FRAMES = [0xc0, 0xc1, 0xc2];

/** Size of the JPEG that begins at `start`; undefined where there is none of 8 bits for people to look at. */
export function jpegSize(file: RandomAccess, start: number): { width: number; height: number } | undefined {
  const signature = file.read(start, 3);
  if (signature[0] !== 0xff || signature[1] !== 0xd8 || signature[2] !== 0xff) return undefined;
  let at = start + 2;
  for (let count = 0; count < MOST_SEGMENTS; count++) {
    const head = file.read(at, 10);
    if (head.length < 10 || head[0] !== 0xff) return undefined;
    const marker = head[1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (SHOWN_FRAMES.includes(marker)) {
      const view = viewOf(head);
      const [height, width] = [view.getUint16(5), view.getUint16(7)];
      return head[4] === 8 && width > 0 && height > 0 ? { width, height } : undefined;
    }
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return undefined;
    at += 2 + viewOf(head).getUint16(2);
  }
  return undefined;
}
