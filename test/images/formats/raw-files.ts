import sharp from 'sharp';

/** A value that is somewhere else in the file: bytes, or directories. */
type Value =
  | readonly number[]
  | Uint8Array
  | { readonly directories: readonly Entries[] }
  | { readonly placeOf: Uint8Array };

/** Entries of a directory: tag, type (3: 16 bits, 4: 32 bits, 7: bytes), values. */
type Entries = readonly (readonly [tag: number, type: 3 | 4 | 7, value: Value])[];

interface RawOptions {
  /** Four bytes; those of a little-endian TIFF file by default. */
  readonly magic?: string;
  /** Bytes at 8, before anything else. */
  readonly after?: Uint8Array;
}

/** A file of directories, one after the other, in either order of bytes. */
export function makeTiff(directories: readonly Entries[], { magic = 'II*\0', after }: RawOptions = {}): Buffer {
  const little = magic.startsWith('II');
  const parts: Buffer[] = [Buffer.from(`${magic}\0\0\0\0`, 'latin1'), Buffer.from(after ?? [])];
  let length = 8 + (after?.length ?? 0);
  const add = (part: Uint8Array): number => {
    const at = length;
    const padded = Buffer.concat([part, Buffer.alloc(part.length % 2)]);
    parts.push(padded);
    length += padded.length;
    return at;
  };
  const number = (value: number, bytes: 2 | 4): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (bytes === 2) little ? buffer.writeUInt16LE(value) : buffer.writeUInt16BE(value);
    else little ? buffer.writeUInt32LE(value) : buffer.writeUInt32BE(value);
    return buffer;
  };
  const places = new Map<Uint8Array, number>();
  const placeOf = (blob: Uint8Array): number => {
    if (!places.has(blob)) places.set(blob, add(blob));
    return places.get(blob)!;
  };
  const bytesOf = (type: 3 | 4 | 7, value: Value): Buffer => {
    if (value instanceof Uint8Array) return Buffer.from(value);
    if ('placeOf' in value) return number(placeOf(value.placeOf), 4);
    if ('directories' in value) return Buffer.concat(value.directories.map((inner) => number(write(inner, 0), 4)));
    return Buffer.concat(value.map((each) => number(each, type === 3 ? 2 : 4)));
  };
  const write = (entries: Entries, next: number): number => {
    const written = entries.map(([tag, type, value]) => {
      const bytes = bytesOf(type, value);
      const count = bytes.length / { 3: 2, 4: 4, 7: 1 }[type];
      const field = bytes.length <= 4 ? Buffer.concat([bytes, Buffer.alloc(4 - bytes.length)]) : number(add(bytes), 4);
      return Buffer.concat([number(tag, 2), number(type, 2), number(count, 4), field]);
    });
    return add(Buffer.concat([number(entries.length, 2), ...written, number(next, 4)]));
  };
  const first = [...directories].reverse().reduce((next, entries) => write(entries, next), 0);
  number(first, 4).copy(parts[0]!, 4);
  return Buffer.concat(parts);
}

/** A JPEG that is red on the left and blue on the right as it is stored; `orientation` in EXIF where it is given. */
export async function makeJpeg(width: number, height: number, orientation?: number): Promise<Buffer> {
  const half = { create: { width: Math.ceil(width / 2), height, channels: 3 as const, background: '#0000ff' } };
  const blue = await sharp(half).png().toBuffer();
  const image = sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .composite([{ input: blue, left: Math.floor(width / 2), top: 0 }])
    .jpeg({ quality: 95 });
  return (orientation === undefined ? image : image.withMetadata({ orientation })).toBuffer();
}

/** A box of an ISO base media file. */
function box(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const size = 8 + contents.reduce((sum, { length }) => sum + length, 0);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(size);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...contents]);
}

const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const ORIENTATION = 274;

/** Samples of a sensor, which nobody reads here. */
const samples = Buffer.alloc(2000, 7);
export const sensor: Entries = [
  [256, 4, [6000]],
  [257, 4, [4000]],
  [COMPRESSION, 3, [7]],
  [PHOTOMETRIC, 3, [32803]],
  [273, 4, { placeOf: samples }],
  [279, 4, [samples.length]],
];
export const interchange = (jpeg: Uint8Array): Entries => [
  [513, 4, { placeOf: jpeg }],
  [514, 4, [jpeg.length]],
];
export const strip = (jpeg: Uint8Array, compression: number): Entries => [
  [COMPRESSION, 3, [compression]],
  [PHOTOMETRIC, 3, [6]],
  [273, 4, { placeOf: jpeg }],
  [279, 4, [jpeg.length]],
];
/** An RGB thumbnail that libvips would take for the picture. */
export const rgb: Entries = [
  [256, 4, [16]],
  [257, 4, [16]],
  [258, 3, [8, 8, 8]],
  [COMPRESSION, 3, [1]],
  [PHOTOMETRIC, 3, [2]],
  [273, 4, { placeOf: Buffer.alloc(768, 99) }],
  [277, 3, [3]],
  [279, 4, [768]],
];

/** With two previews. */
export function makeDng(jpeg: Uint8Array, thumbnail: Uint8Array, orientation: number, magic = 'II*\0'): Buffer {
  return makeTiff(
    [
      [
        ...rgb,
        [ORIENTATION, 3, [orientation]],
        [330, 4, { directories: [sensor, strip(jpeg, 7), strip(thumbnail, 7)] }],
        [50706, 7, Buffer.from([1, 4, 0, 0])],
      ],
    ],
    { magic },
  );
}

/** Olympus: the place is counted from the start of the maker note. */
export function makeOrf(jpeg: Uint8Array): Buffer {
  const settings = Buffer.alloc(2 + 2 * 12 + 4);
  settings.writeUInt16LE(2);
  const noteHead = Buffer.from('OLYMPUS\0II\x03\0', 'latin1');
  const directory = Buffer.alloc(2 + 12 + 4);
  directory.writeUInt16LE(1);
  directory.writeUInt16LE(0x2020, 2);
  directory.writeUInt16LE(4, 4);
  directory.writeUInt32LE(1, 6);
  directory.writeUInt32LE(noteHead.length + directory.length, 10);
  const start = noteHead.length + directory.length + settings.length;
  for (const [i, [tag, value]] of [
    [0x101, start],
    [0x102, jpeg.length],
  ].entries()) {
    settings.writeUInt16LE(tag!, 2 + i * 12);
    settings.writeUInt16LE(4, 4 + i * 12);
    settings.writeUInt32LE(1, 6 + i * 12);
    settings.writeUInt32LE(value!, 10 + i * 12);
  }
  const note = Buffer.concat([noteHead, directory, settings, jpeg]);
  const exif: Entries = [[37500, 7, note]];
  return makeTiff([[[ORIENTATION, 3, [6]], ...sensor, [34665, 4, { directories: [exif] }]]], { magic: 'IIRO' });
}

export function makeRaf(jpeg: Uint8Array): Buffer {
  const header = Buffer.alloc(160);
  header.write('FUJIFILMCCD-RAW 0201', 'latin1');
  header.writeUInt32BE(160, 84);
  header.writeUInt32BE(jpeg.length, 88);
  return Buffer.concat([header, jpeg, samples]);
}

export function makeCr3(preview: Uint8Array, full: Uint8Array | undefined): Buffer {
  const uuid = (hex: string, ...contents: Uint8Array[]) => box('uuid', Buffer.from(hex, 'hex'), ...contents);
  const about = uuid('85c0b687820f11e08111f4ce462b6a48', box('CMT1', makeTiff([[[ORIENTATION, 3, [6]]]])));
  const table = (at: number, length: number) => {
    const offset = Buffer.alloc(16);
    offset.writeUInt32BE(1, 4);
    offset.writeUInt32BE(at, 12);
    const size = Buffer.alloc(12);
    size.writeUInt32BE(length, 4);
    size.writeUInt32BE(1, 8);
    return box('trak', box('mdia', box('minf', box('stbl', box('stsz', size), box('co64', offset)))));
  };
  const make = (at: number) =>
    Buffer.concat([
      box('ftyp', Buffer.from('crx \0\0\0\x01crx isom', 'latin1')),
      box('moov', about, table(at, full?.length ?? 0)),
      uuid('eaf42b5e1c984b88b9fbb7dc406e4d16', Buffer.alloc(8), box('PRVW', Buffer.alloc(16), preview)),
    ]);
  const before = make(0).length;
  return Buffer.concat([make(before + 8), box('mdat', full ?? samples)]);
}
