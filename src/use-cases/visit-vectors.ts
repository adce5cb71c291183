import { stat } from 'node:fs/promises';
import { tasksToDo } from '../batch/tasks-to-do.js';
import { openVectorFile, type VectorFile } from '../batch/vector-file.js';
import { describeOutput, type VectorRow } from '../batch/vector-rows.js';
import { type FailedRecord, SKIPPED } from '../domain/classification.js';
import type { VectorSpace } from '../domain/vector-space.js';
import { ImageError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { findInputs, type InputOptions } from '../inputs/find.js';
import type { Input } from '../inputs/types.js';
import { noImagesFound } from '../report/no-images.js';
import { type EmbeddedRecord, type Embedding, type EmbedRequest, openEmbedding } from './embed-pictures.js';
import type { BatchHost } from './open-batch.js';
import { countDone, countError, newTally, type Tally } from './tally.js';

/** The pictures that a command is about, and those that they are compared with. */
export type Side = 'own' | 'other';

/** What is known of a picture with a vector. */
export type VectorPicture = EmbeddedRecord | VectorRow;

export interface VectorVisitor {
  /** What all vectors are, before the first of them. */
  begin(space: VectorSpace): Promise<void>;
  /** All of our own come before the others. Vectors may have any length. */
  vector(side: Side, picture: VectorPicture, vector: Float32Array): void;
  error(record: FailedRecord): void;
}

export interface VisitRequest extends EmbedRequest {
  /** Pictures, a folder or a `.npy` file that those of `names` are compared with. */
  readonly other?: string | undefined;
}

export interface VisitHost extends BatchHost {
  readonly onProblem: (problem: string) => void;
}

export interface VisitTally extends Tally {
  readonly hasInputs: boolean;
  readonly isBatch: boolean;
  /** Someone asked to stop before all were seen. */
  readonly isInterrupted: boolean;
  /** Vectors of each side. */
  readonly seen: Record<Side, number>;
}

/**
 * The vectors of pictures: read from `.npy` files among the names, else by running the model, which is opened only if there
 * are pictures to embed.
 * @throws UsageError where vectors of another model are among them, and as `openEmbedding`, `openVectorFile`
 */
export async function visitVectors(
  request: VisitRequest,
  host: VisitHost,
  visitor: VectorVisitor,
): Promise<VisitTally | { readonly exitCode: number }> {
  const sources = await openSources(request);
  const seen = { own: 0, other: 0 };
  const counting: VectorVisitor = {
    begin: (space) => visitor.begin(space),
    vector(side, picture, vector) {
      seen[side]++;
      visitor.vector(side, picture, vector);
    },
    error: (record) => visitor.error(record),
  };
  try {
    const result = await (sources.hasPictures
      ? visitPictures(request, sources, host, counting)
      : visitFiles(sources, counting));
    return 'exitCode' in result ? result : { ...result, succeeded: seen.own + seen.other, seen };
  } finally {
    for (const { file } of sources.files) file.close();
  }
}

type Visited = Omit<VisitTally, 'seen'>;

async function visitFiles({ files }: Sources, visitor: VectorVisitor): Promise<Visited> {
  const { space } = files[0]!.file;
  for (const { name, file } of files) checkSameModel(name, file.space, space);
  await visitor.begin(space);
  await readFiles(files, 'own', visitor);
  await readFiles(files, 'other', visitor);
  return { ...newTally(), hasInputs: true, isBatch: false, isInterrupted: false };
}

async function visitPictures(
  request: EmbedRequest,
  { names, find, files, sideOf }: Sources,
  host: VisitHost,
  visitor: VectorVisitor,
): Promise<Visited | { readonly exitCode: number }> {
  const embedding = await openEmbedding({ ...request, names, find }, host);
  if ('exitCode' in embedding) return embedding;
  const { batch, space } = embedding;
  try {
    for (const { name, file } of files) checkSameModel(name, file.space, space);
    await visitor.begin(space);
    await readFiles(files, 'own', visitor);
    const { tally, isInterrupted } = await embedAll(embedding, sideOf, host, visitor);
    if (!isInterrupted) await readFiles(files, 'other', visitor);
    const hasInputs = batch.hasInputs() || files.length > 0;
    return { ...tally, hasInputs, isBatch: batch.isBatch, isInterrupted };
  } finally {
    embedding.close();
  }
}

async function readFiles(files: Sources['files'], wanted: Side, { vector: visit }: VectorVisitor): Promise<void> {
  for (const { side, file } of files) {
    if (side !== wanted) continue;
    for await (const { row, vector } of file.pictures()) visit(side, row, vector);
  }
}

async function embedAll(
  { batch, embed }: Embedding,
  sideOf: Sources['sideOf'],
  host: VisitHost,
  visitor: VectorVisitor,
): Promise<{ readonly tally: Tally; readonly isInterrupted: boolean }> {
  const tally = newTally();
  const signals = host.listenForSignals();
  const progress = await host.startProgress(batch.total);
  const begun = performance.now();
  try {
    const tasks = tasksToDo(batch.inputs, { meta: true, hash: false });
    for await (const { input, record, vector } of embed(tasks, signals.signal)) {
      progress.clear();
      if ('error' in record) {
        countError(tally, input, record.error);
        if (record.error.code !== SKIPPED) {
          host.onProblem(record.error.message);
          visitor.error(record);
        }
      } else {
        tally.succeeded++;
        visitor.vector(sideOf(input), record, vector!);
      }
      progress.progress(countDone(tally));
    }
  } finally {
    progress.stop();
    signals.stop();
  }
  tally.seconds = (performance.now() - begun) / 1000;
  return { tally, isInterrupted: signals.signal.aborted };
}

interface Sources {
  readonly files: readonly { readonly name: string; readonly side: Side; readonly file: VectorFile }[];
  readonly hasPictures: boolean;
  /** Of pictures, both sides. */
  readonly names: readonly string[];
  readonly find: (options: InputOptions) => AsyncGenerator<Input>;
  readonly sideOf: (input: Input) => Side;
}

/** Opens the `.npy` files among the names; the others are found later. */
export async function openSources({ names, inputs, other }: VisitRequest): Promise<Sources> {
  const own = await partition(names);
  const others = await partition(other === undefined ? [] : [other]);
  const files: { name: string; side: Side; file: VectorFile }[] = [];
  try {
    for (const name of own.npy) files.push({ name, side: 'own', file: await openVectorFile(name) });
    for (const name of others.npy) files.push({ name, side: 'other', file: await openVectorFile(name) });
  } catch (error) {
    for (const { file } of files) file.close();
    throw error;
  }
  const isOther = new WeakSet<Input>();
  const all = [...own.pictures, ...others.pictures];
  return {
    files,
    names: all,
    hasPictures: all.length > 0 || (inputs.filesFrom ?? []).length > 0,
    sideOf: (input) => (isOther.has(input) ? 'other' : 'own'),
    // Apart, since a picture may be on both sides.
    async *find(options) {
      yield* findInputs(own.pictures, options);
      const { filesFrom: _, ...rest } = options;
      for await (const input of findInputs(others.pictures, rest)) {
        isOther.add(input);
        yield input;
      }
    },
  };
}

/** `.npy` files, and all else. */
async function partition(
  names: readonly string[],
): Promise<{ readonly npy: readonly string[]; readonly pictures: readonly string[] }> {
  const npy: string[] = [];
  const pictures: string[] = [];
  for (const name of names) {
    const isFolder = await stat(name).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    (/\.npy$/i.test(name) && !isFolder ? npy : pictures).push(name);
  }
  return { npy, pictures };
}

/** For a folder or file in which no picture has a vector. */
export function noImages(name: string): ImageError {
  return new ImageError('no-input', noImagesFound({ names: [name] }));
}

function checkSameModel(name: string, found: VectorSpace, expected: VectorSpace): void {
  if (found.id === expected.id) return;
  throw new UsageError({
    where: printable(name),
    problem: `vectors of another model (${describeOutput(found)})`,
    expected: describeOutput(expected),
    remedy: 'choose that model with --model, --dtype and --res, or embed the images again',
  });
}
