import * as zlib from 'node:zlib';

/** Node.js has it since 22.2. */
const { crc32: native } = zlib as { crc32?: (bytes: Uint8Array) => number };

let crcTable: Uint32Array | undefined;

/** CRC-32 as in ISO 3309, which zip uses. */
export function crc32(bytes: Uint8Array): number {
  if (native) return native(bytes);
  if (!crcTable) {
    crcTable = new Uint32Array(256);
    for (let byte = 0; byte < 256; byte++) {
      let value = byte;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      crcTable[byte] = value;
    }
  }
  const table = crcTable;
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}
