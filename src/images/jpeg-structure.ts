/** Markers that stand alone, without a length: RST0…7, SOI, TEM. */
function standsAlone(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd8) || marker === 0x01;
}

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

export interface JpegStructure {
  /** The frame's marker and what follows it; undefined where the file has none. */
  readonly frame: { readonly marker: number; readonly precision: number; readonly height: number } | undefined;
  /** Whether the marker that ends a picture is there. */
  readonly ended: boolean;
  /** Bytes of pixels in all scans. */
  readonly scanBytes: number;
  /** Where the last whole segment or the last pixels end: up to here a file that ends early can be read. */
  readonly usable: number;
}

/** Walks through the segments and scans of a JPEG file. */
export function readJpegStructure(bytes: Uint8Array): JpegStructure {
  let frame: JpegStructure['frame'];
  let scanBytes = 0;
  let at = 2;
  const result = (ended: boolean) => ({ frame, ended, scanBytes, usable: Math.min(at, bytes.length) });
  for (;;) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) return result(false);
    if (marker === END_OF_IMAGE) return result(true);
    if (marker === 0xff || standsAlone(marker)) {
      // Any number of 0xff may come before a marker.
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const end = at + 2 + length;
    if (!(length >= 2 && end <= bytes.length)) return result(false);
    if (isFrame(marker) && length >= 7) {
      frame ??= { marker, precision: bytes[at + 4]!, height: (bytes[at + 5]! << 8) | bytes[at + 6]! };
    }
    at = end;
    if (marker === START_OF_SCAN) {
      at = endOfScan(bytes, end);
      scanBytes += at - end;
    }
  }
}

/** SOF0…15 without DHT, JPG and DAC, which have numbers between them; SOF55 is JPEG-LS. */
function isFrame(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
}

/** The next marker that ends a scan: not a stuffed zero, not a restart. */
export function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) return at;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/** What makes a whole file one that no decoder here reads; undefined where nothing does. */
export function unsupportedJpeg({ frame }: JpegStructure): string | undefined {
  if (!frame) return undefined;
  const { marker, precision, height } = frame;
  if (marker === 0xf7) return 'JPEG-LS';
  if (precision !== 8) return `JPEG with ${precision} bits per sample`;
  if (marker === 0xc3 || marker === 0xcb) return 'lossless JPEG';
  if (![0xc0, 0xc1, 0xc2, 0xc9, 0xca].includes(marker)) return 'hierarchical JPEG';
  if (height === 0) return 'JPEG that states its height only after the image';
  return undefined;
}

/** The file as far as it goes, with the marker that ends a picture. */
export function closeJpeg(bytes: Uint8Array, { usable }: JpegStructure): Uint8Array {
  const closed = new Uint8Array(usable + 2);
  closed.set(bytes.subarray(0, usable));
  closed.set([0xff, END_OF_IMAGE], usable);
  return closed;
}
