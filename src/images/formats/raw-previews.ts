import { viewOf } from '../data-view.js';
import { type Directory, type DirectoryEntry, readDirectories, readDirectory, readEntries } from '../tiff-directory.js';
import { findBoxes } from './iso-boxes.js';
import { inMemory, type RandomAccess } from './random-access.js';

/** Where a JPEG may lie in a file. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

/** What a raw file says, apart from the sensor's samples. */
export interface RawFile {
  readonly places: readonly Place[];
  readonly orientation: number | undefined;
}

/** Names as in EXIF, TIFF/EP and DNG, and in what is known of the makers' own. */
const tags = {
  panasonicPreview: 0x2e,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  stripBytes: 279,
  subDirectories: 330,
  jpegOffset: 513,
  jpegBytes: 514,
  exif: 34665,
  makerNote: 37500,
  dngVersion: 50706,
} as const;

/** A colour filter array, and the linear samples of a DNG. */
const RAW_PHOTOMETRICS = [32803, 34892];

/** Compressions that makers have for their sensors' samples: Sony, Nikon, Samsung, Kodak, Pentax. */
const RAW_COMPRESSIONS = [32767, 34713, 32769, 32770, 32772, 65000, 65535];

const JPEG_COMPRESSIONS = [6, 7];

function numberOf(directory: Directory, tag: number): number | undefined {
  return directory.get(tag)?.numbers()[0];
}

function isRaw(directory: Directory): boolean {
  if (directory.has(tags.dngVersion)) return true;
  const photometric = numberOf(directory, tags.photometric);
  const compression = numberOf(directory, tags.compression);
  return RAW_PHOTOMETRICS.includes(photometric ?? -1) || RAW_COMPRESSIONS.includes(compression ?? -1);
}

/** Where a directory of a raw file says that a JPEG lies. */
function* placesIn(directory: Directory): Generator<Place> {
  const at = numberOf(directory, tags.jpegOffset);
  const length = numberOf(directory, tags.jpegBytes);
  if (at !== undefined && length !== undefined) yield { at, length };
  const strips = directory.get(tags.stripOffsets)?.numbers() ?? [];
  const stripBytes = numberOf(directory, tags.stripBytes);
  if (JPEG_COMPRESSIONS.includes(numberOf(directory, tags.compression) ?? -1) && strips.length === 1 && stripBytes) {
    yield { at: strips[0]!, length: stripBytes };
  }
  const whole = directory.get(tags.panasonicPreview);
  if (whole && whole.type === 7) yield { at: whole.at, length: whole.count };
}

/** Olympus and OM keep the preview's place in their maker note, counted from its start. */
function* placesInMakerNote(file: RandomAccess, note: DirectoryEntry): Generator<Place> {
  const head = Buffer.from(file.read(note.at, 16)).toString('latin1');
  const first = head.startsWith('OLYMPUS\0') ? 12 : head.startsWith('OM SYSTEM\0') ? 16 : undefined;
  if (first === undefined) return;
  const layout = { little: head.slice(first - 4, first - 2) === 'II', big: false };
  const inside = { size: file.size - note.at, read: (at: number, length: number) => file.read(note.at + at, length) };
  const CAMERA_SETTINGS = 0x2020;
  const [PREVIEW_START, PREVIEW_LENGTH] = [0x101, 0x102];
  const settings = numberOf(readEntries(inside, first, layout), CAMERA_SETTINGS);
  if (settings === undefined) return;
  const directory = readEntries(inside, settings, layout);
  const at = numberOf(directory, PREVIEW_START);
  const length = numberOf(directory, PREVIEW_LENGTH);
  if (at !== undefined && length !== undefined) yield { at: note.at + at, length };
}

/** A raw file that is built like a TIFF file; undefined for any other TIFF file. */
export function readTiffRaw(file: RandomAccess): RawFile | undefined {
  const directories = readDirectories(file, [tags.subDirectories, tags.exif]);
  const isCanon = Buffer.from(file.read(8, 2)).toString('latin1') === 'CR';
  return isCanon || directories.some(isRaw) ? describe(file, directories) : undefined;
}

function describe(file: RandomAccess, directories: readonly Directory[]): RawFile {
  const notes = directories.flatMap((directory) => directory.get(tags.makerNote) ?? []);
  return {
    orientation: directories[0] && numberOf(directories[0], tags.orientation),
    places: [
      ...directories.flatMap((directory) => [...placesIn(directory)]),
      ...notes.flatMap((note) => [...placesInMakerNote(file, note)]),
    ],
  };
}

/** Fujifilm's header names the place of a JPEG, which has the orientation itself. */
function readFujifilm(file: RandomAccess): RawFile {
  const header = file.read(84, 8);
  if (header.length < 8) return { places: [], orientation: undefined };
  const view = viewOf(header);
  return { places: [{ at: view.getUint32(0), length: view.getUint32(4) }], orientation: undefined };
}

/** Types of Canon's own boxes: what is about the picture, and a preview. */
const CANON_UUID = '85c0b687820f11e08111f4ce462b6a48';
const PREVIEW_UUID = 'eaf42b5e1c984b88b9fbb7dc406e4d16';
const UUID_BYTES = 16;

/** All boxes but that of the samples are in front. */
const CANON_BOX_BYTES = 64 * 2 ** 20;

/** CR3, an ISO base media file: a JPEG in the first track, a smaller one in a box of its own. */
function readCanon(bytes: Uint8Array): RawFile {
  const view = viewOf(bytes);
  const whole = { from: 0, to: bytes.length };
  const ofUuid = (path: readonly string[], uuid: string) =>
    findBoxes(view, path, whole)
      .filter(({ from }) => Buffer.from(bytes.subarray(from, from + UUID_BYTES)).toString('hex') === uuid)
      .map(({ from, to }) => ({ from: from + UUID_BYTES, to }));
  const [about] = ofUuid(['moov', 'uuid'], CANON_UUID).flatMap((box) => findBoxes(view, ['CMT1'], box));
  const directory = about && readDirectory(inMemory(bytes.subarray(about.from, about.to)));
  const previews = ofUuid(['uuid'], PREVIEW_UUID)
    .flatMap(({ from, to }) => findBoxes(view, ['PRVW'], { from: from + 8, to }))
    .map(({ from, to }) => ({ at: from + 16, length: Math.max(0, to - from - 16) }));
  const tables = findBoxes(view, ['moov', 'trak', 'mdia', 'minf', 'stbl'], whole);
  const tracks = tables.flatMap((table) => {
    const [sizes] = findBoxes(view, ['stsz'], table);
    const [offsets] = findBoxes(view, ['co64'], table);
    if (!sizes || !offsets || sizes.to - sizes.from < 12 || offsets.to - offsets.from < 16) return [];
    const same = view.getUint32(sizes.from + 4);
    const own = sizes.to - sizes.from >= 16 ? view.getUint32(sizes.from + 12) : 0;
    return [{ at: Number(view.getBigUint64(offsets.from + 8)), length: same || own }];
  });
  return { places: [...previews, ...tracks], orientation: directory && numberOf(directory, tags.orientation) };
}

/** A raw file by its signature, which is not that of TIFF files. */
export function readRaw(file: RandomAccess): RawFile {
  const start = Buffer.from(file.read(0, 16)).toString('latin1');
  if (start.startsWith('FUJIFILMCCD-RAW')) return readFujifilm(file);
  if (start.slice(4, 8) === 'ftyp') return readCanon(file.read(0, CANON_BOX_BYTES));
  return describe(file, readDirectories(file, [tags.subDirectories, tags.exif]));
}
