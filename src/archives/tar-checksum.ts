/** Bytes of a header, and what all else is padded to. */
export const BLOCK = 512;

/** Whether a block's checksum is its own. Some old tars added up signed bytes. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  let sum = 0;
  let signed = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : block[at]!;
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stored = readOctal(block.subarray(148, 156));
  // Of a block of zeros the sum is that of the spaces, and nothing is stored.
  return stored !== undefined && (stored === sum || stored === signed);
}

/** The magic of POSIX and GNU tars, which the oldest tars lack. */
export function hasTarMagic(block: Uint8Array): boolean {
  return Buffer.from(block.subarray(257, 262)).toString('latin1') === 'ustar';
}

/** Undefined for what is no number. */
export function readOctal(field: Uint8Array): number | undefined {
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(Buffer.from(field).toString('latin1').replace(/\0.*$/s, '')) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}
