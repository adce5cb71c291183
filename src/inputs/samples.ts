import { isJsonObject, type JsonObject } from '../untrusted-data/json-object.js';
import { SeenNames } from './seen-names.js';
import { className, type TruthSource } from './truth.js';
import type { Input } from './types.js';

/** What is wanted of the files beside an image. */
export interface SampleWishes {
  /** Fields of the sample's JSON. */
  readonly fields?: readonly string[];
  /** With `folder`: the sample's `.cls`, before any folder. */
  readonly truth?: TruthSource;
}

/** The same input as one with an error; `beside`: another one, where the input itself stays. */
export type Flawed = (input: Input, problem: string, how?: 'beside') => Input;

type Sidecar = 'json' | 'cls';

/** A file of an archive, as it comes. */
export interface Found {
  readonly input: Input;
  readonly isImage: boolean;
  /** What the files of a sample have in common. */
  readonly key?: string;
  /** Its bytes say something about the image beside it. */
  readonly sidecar?: Sidecar | undefined;
  /** No input of its own. */
  readonly isLeftOut?: boolean;
}

/** What the files of one sample may have together; more are no sample. */
export const MOST_SAMPLE_BYTES = 2 ** 25;
const MOST_FILES = 64;

/** All up to the first dot of a file's own name, with its folders, as WebDataset has it; undefined where there is none. */
export function keyOfSample(name: string): string | undefined {
  return /^((?:.*\/)?[^./][^/.]*)\.[^/]+$/s.exec(name)?.[1];
}

/** What a file beside an image is good for, of what is wanted. */
export function sidecarOf(name: string, { fields, truth }: SampleWishes): Sidecar | undefined {
  const ending = /[^/]\.([^/.]+)$/.exec(name)?.[1]?.toLowerCase();
  if (ending === 'json' && fields) return 'json';
  return ending === 'cls' && truth === 'folder' ? 'cls' : undefined;
}

/**
 * Samples of WebDataset: files that lie next to each other and share a key, images among them. The images are the inputs,
 * with the key and what was wanted of the other files. All else is as it was.
 */
export async function* inSamples(
  found: AsyncIterable<Found>,
  wishes: SampleWishes,
  flawed: Flawed,
): AsyncGenerator<Input> {
  const isChecked = wishes.fields !== undefined || wishes.truth === 'folder';
  const seen = new SeenNames();
  let group: Found[] = [];
  let bytes = 0;
  async function* close(): AsyncGenerator<Input> {
    const key = group[0]?.key;
    const isNew = !isChecked || key === undefined || (await seen.add(key));
    yield* isNew ? inputsOf(group, wishes, flawed) : inputsApart(group, wishes, flawed);
    [group, bytes] = [[], 0];
  }
  for await (const each of found) {
    const isSame = group.length > 0 && each.key !== undefined && each.key === group[0]!.key;
    if (!isSame || bytes > MOST_SAMPLE_BYTES || group.length >= MOST_FILES) yield* close();
    group.push(each);
    bytes += each.input.bytes?.length ?? 0;
  }
  yield* close();
}

/** Of a key that there has been, with other files in between: what is missing for an image must not be missed. */
function* inputsApart(group: readonly Found[], wishes: SampleWishes, flawed: Flawed): Generator<Input> {
  const problem = 'not next to the other files of its sample';
  const image = group.find(({ isImage, isLeftOut }) => isImage && !isLeftOut);
  if (image) {
    yield* inputsOf(group, wishes, flawed);
    yield flawed(image.input, problem, 'beside');
    return;
  }
  yield* inputsOf(
    group.filter(({ sidecar }) => !sidecar),
    wishes,
    flawed,
  );
  for (const { input, sidecar } of group) if (sidecar) yield flawed(input, problem);
}

function* inputsOf(group: readonly Found[], wishes: SampleWishes, flawed: Flawed): Generator<Input> {
  const images = group.filter(({ isImage, isLeftOut }) => isImage && !isLeftOut);
  const others = group.filter(({ isImage }) => !isImage);
  const key = group[0]?.key;
  if (key === undefined || images.length === 0 || others.length === 0) {
    for (const { input, isLeftOut } of group)
      if (!isLeftOut || input.error?.code === 'archive') yield fieldless(input, wishes);
    return;
  }
  const { flaws, json, truth } = readSidecars(others, flawed);
  yield* flaws;
  for (const { input } of images) {
    const fields = wishes.fields && fieldsOf(json ?? {}, wishes.fields);
    const member = { ...input.member!, key, ...(fields && { fields }) };
    yield { ...input, member, ...(truth !== undefined && { truth }) };
  }
}

/** The fields that were asked for are in every row of an image. */
function fieldless(input: Input, { fields }: SampleWishes): Input {
  if (!fields || !input.member || input.member.fields || input.error) return input;
  return { ...input, member: { ...input.member, fields: fieldsOf({}, fields) } };
}

function fieldsOf(json: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, Object.hasOwn(json, name) ? json[name] : null]));
}

function readSidecars(
  others: readonly Found[],
  flawed: Flawed,
): {
  readonly flaws: readonly Input[];
  readonly json?: JsonObject;
  readonly truth?: string;
} {
  const flaws: Input[] = [];
  let json: JsonObject | undefined;
  let truth: string | undefined;
  for (const { input, sidecar } of others) {
    if (input.error) flaws.push(input);
    if (input.error || !input.bytes) continue;
    if (sidecar === 'cls') truth = className(Buffer.from(input.bytes));
    if (sidecar !== 'json') continue;
    const value = parse(input.bytes);
    if (isJsonObject(value)) json = value;
    else flaws.push(flawed(input, 'not a JSON object'));
  }
  return { flaws, ...(json && { json }), ...(truth !== undefined && truth !== '' && { truth }) };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
