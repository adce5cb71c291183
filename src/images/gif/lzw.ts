/** GIF's codes have at most 12 bits. */
const MOST_CODES = 4096;

/**
 * Unpacks GIF's variant of LZW into `target`, as far as the blocks go.
 * @param blocks the data in pieces, in order
 * @param codeBits bits of a colour, 2…11
 * @returns how many pixels were written; fewer than the target has where the data end, stop, or make no sense
 */
export function unpackLzw(blocks: Iterable<Uint8Array>, codeBits: number, target: Uint8Array): number {
  const clear = 1 << codeBits;
  const prefix = new Uint16Array(MOST_CODES);
  const last = new Uint8Array(MOST_CODES);
  const first = new Uint8Array(MOST_CODES);
  const lengths = new Uint16Array(MOST_CODES);
  for (let code = 0; code < clear; code++) {
    first[code] = code;
    last[code] = code;
    lengths[code] = 1;
  }
  let next = clear + 2;
  let size = codeBits + 1;
  let previous = -1;
  let filled = 0;
  let bits = 0;
  let held = 0;

  /** Writes a code's pixels from the last to the first. Those beyond the target's end are left out. */
  const write = (code: number): void => {
    let at = filled + lengths[code]! - 1;
    filled = Math.min(at + 1, target.length);
    let rest = code;
    for (; lengths[rest]! > 1; at--) {
      if (at < target.length) target[at] = last[rest]!;
      rest = prefix[rest]!;
    }
    if (at < target.length) target[at] = last[rest]!;
  };

  for (const block of blocks) {
    for (const byte of block) {
      bits |= byte << held;
      held += 8;
      while (held >= size) {
        const code = bits & ((1 << size) - 1);
        bits >>>= size;
        held -= size;
        if (code === clear) {
          next = clear + 2;
          size = codeBits + 1;
          previous = -1;
          continue;
        }
        if (code === clear + 1 || code > next || (code === next && previous < 0)) return filled;
        if (previous >= 0 && next < MOST_CODES) {
          prefix[next] = previous;
          lengths[next] = lengths[previous]! + 1;
          first[next] = first[previous]!;
          // The first pixel of the code that has just been read, which may be this very entry.
          last[next] = first[code]!;
          next++;
          if (next === 1 << size && size < 12) size++;
        } else if (code === next) return filled;
        write(code);
        if (filled === target.length) return filled;
        previous = code;
      }
    }
  }
  return filled;
}
