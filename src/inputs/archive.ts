import { statSync } from 'node:fs';
import { ArchiveError, type ArchiveFlaw, type ArchiveKind, type ArchiveMember } from '../archives/archive-types.js';
import { openArchive } from '../archives/open.js';
import { type ArchiveFacts, SKIPPED } from '../domain/classification.js';
import { detectFormat } from '../domain/image-format.js';
import { isNamedLikePicture } from '../domain/picture-names.js';
import { formatError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { inputOf, nameBytes } from './name.js';
import { type Found, inSamples, keyOfSample, MOST_SAMPLE_BYTES, type SampleWishes, sidecarOf } from './samples.js';
import { className } from './truth.js';
import type { Input, MemberFacts } from './types.js';
import type { WalkOptions } from './walk.js';

export interface ArchiveWalk extends WalkOptions, SampleWishes {
  /** Off: names and true classes alone, without the bytes of images. */
  readonly contents?: boolean;
  /** Whether an input is to be run: what is not is not read. */
  readonly isWanted?: (input: Input) => boolean;
}

/** The code of rows that say what is wrong with an archive. */
export const ARCHIVE = 'archive';

/**
 * The files in an archive, in its order, as those of a folder: each with its bytes, which nobody else holds. What is wrong
 * with the archive is an input with an error, under a name of its own: that of the member, or of the archive, with `@` and
 * the place where there may be several of that name.
 */
export async function* walkArchive(archive: Input, kind: ArchiveKind, options: ArchiveWalk): AsyncGenerator<Input> {
  const place = placeOf(archive);
  yield* inSamples(membersOf(place, archive.path, kind, options), options, (input, problem, how) =>
    withFlaw(how === 'beside' ? besides(input) : input, { problem }, input.file),
  );
}

/** An archive, as far as its members' names and rows follow from it. */
interface Place {
  /** The bytes of its name. */
  readonly path: Buffer;
  readonly facts: ArchiveFacts;
}

function placeOf({ file, path }: Input): Place {
  const { size, mtimeMs } = statSync(path);
  const fileBase64 = typeof path === 'string' ? undefined : path.toString('base64');
  return {
    path: nameBytes({ path }),
    facts: { file, ...(fileBase64 !== undefined && { fileBase64 }), size, mtime: Math.floor(mtimeMs) },
  };
}

async function* membersOf(
  place: Place,
  path: string | Buffer,
  kind: ArchiveKind,
  options: ArchiveWalk,
): AsyncGenerator<Found> {
  let keyOfImage: string | undefined;
  for await (const entry of openArchive(path, kind, options)) {
    if ('flaw' in entry) {
      yield { input: flawed(place, entry), isImage: false };
      continue;
    }
    const name = entry.name.toString('utf8');
    const isImage = isNamedLikePicture(name);
    const key = keyOfSample(name);
    if (isImage || key !== keyOfImage) keyOfImage = isImage ? key : undefined;
    const sidecar = isImage || key === undefined ? undefined : sidecarOf(name, options);
    // Beside an image it is no input of its own; what the patterns leave out may still belong to one.
    const isLeftOut = !isAccepted(name, options) || (!isImage && key !== undefined && key === keyOfImage);
    const input = isLeftOut && !sidecar ? inputFor(place, entry) : await readMember(place, entry, options, sidecar);
    yield { input, isImage, isLeftOut, sidecar, ...(key !== undefined && { key }) };
  }
}

/** Names are walked as if the archive were a folder. */
function isAccepted(
  name: string,
  { hidden = false, recursive = true, accepts = () => true, enters = () => true }: WalkOptions,
): boolean {
  const parts = name.split('/');
  if (!hidden && parts.some((part) => part.startsWith('.') && part !== '.' && part !== '..')) return false;
  if (!recursive && parts.length > 1) return false;
  return accepts(name) && parts.slice(0, -1).every((_, at) => enters(parts.slice(0, at + 1).join('/')));
}

async function readMember(
  place: Place,
  member: ArchiveMember,
  { contents = true, isWanted = () => true, truth }: ArchiveWalk,
  sidecar: Found['sidecar'],
): Promise<Input> {
  const input = inputFor(place, member);
  const folder = truth === 'folder' && !member.isRow ? classFolder(member.name) : member.truth;
  const known: Input = { ...input, ...(folder !== undefined && { truth: folder }) };
  if (member.isLink) return linked(known);
  if (!sidecar && (!contents || !isWanted(known))) return known;
  try {
    if (sidecar) checkSidecar(member);
    const bytes = await member.read(sidecar ? undefined : isImageStart);
    return { ...known, bytes, ...(bytes.length < member.size && { isStart: true }) };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return withFlaw(known, error.flaw);
  }
}

/** The same bytes decide when the image is decoded: whatever is refused here is refused there, with its reason. */
function isImageStart(start: Uint8Array): boolean {
  return detectFormat(start).supported;
}

function checkSidecar({ size }: ArchiveMember): void {
  if (size <= MOST_SAMPLE_BYTES) return;
  throw new ArchiveError({
    problem: `${size} bytes are too many for a file beside an image`,
    expected: `at most ${MOST_SAMPLE_BYTES / 2 ** 20} MiB`,
  });
}

/** Its target may be anywhere, also in front of it. */
function linked(input: Input): Input {
  if (isNamedLikePicture(input.file))
    return withFlaw(input, { problem: 'a link, which is not followed in an archive' });
  const message = formatError({ where: printable(input.file), problem: 'not an image (link)' });
  return { ...input, error: { code: SKIPPED, kind: 'link', message } };
}

/** Its first folder, as of a folder of class folders. */
function classFolder(name: Buffer): string | undefined {
  const slash = name.indexOf(0x2f);
  return slash <= 0 ? undefined : className(name.subarray(0, slash));
}

function inputFor(place: Place, { name, at, size, mtime = place.facts.mtime, fields, isRow }: ArchiveMember): Input {
  const member: MemberFacts = { at, size, mtime, archive: place.facts, ...(fields && { fields }) };
  return { ...inputOf(nameWithin(place, name)), ...(!isRow && { isFound: true }), inSequence: true, member };
}

/** Of the archive, at some place in it, or of one of its files. */
function flawed(place: Place, { name, at = 0, flaw }: ArchiveFlaw): Input {
  const { file, size, mtime } = place.facts;
  const hasName = name !== undefined && name.length > 0;
  const path = hasName ? nameWithin(place, name) : at === 0 ? place.path : atPlace(place.path, at);
  const input: Input = { ...inputOf(path), inSequence: true, member: { at, size, mtime, archive: place.facts } };
  return withFlaw(input, flaw, hasName ? input.file : file);
}

/** One more file, or flaw, of a name that the archive has had. */
export function repeated(input: Input): Input {
  if (input.error?.code === ARCHIVE) return besides(input);
  return withFlaw(besides(input), { problem: 'the archive has several files of this name' }, input.file);
}

/** Under a name of its own. */
function besides(input: Input): Input {
  return { ...input, ...inputOf(atPlace(nameBytes(input), input.member!.at)) };
}

function withFlaw({ bytes: _, ...input }: Input, flaw: ArchiveFlaw['flaw'], file = input.file): Input {
  return { ...input, error: { code: ARCHIVE, message: formatError({ ...flaw, where: printable(file) }) } };
}

function nameWithin({ path }: Place, name: Buffer): Buffer {
  return Buffer.concat([path, Buffer.from('/'), name]);
}

/** For names that there are several of. */
function atPlace(name: Buffer, at: number): Buffer {
  return Buffer.concat([name, Buffer.from(`@${at}`)]);
}
