import { classifyAll } from '../batch/run.js';
import type { Task } from '../batch/types.js';
import type { ImageRecord } from '../domain/classification.js';
import type { ImageInput } from '../domain/image-input.js';
import { describeValue } from '../domain/option-rules.js';
import type { Row } from '../domain/rows.js';
import { elementAt } from '../errors/element-at.js';
import { UsageError } from '../errors/errors.js';
import type { Input } from '../inputs/types.js';
import type { Runner } from '../runners/types.js';
import { onAbort } from './abort.js';
import { inputOf } from './read-image-input.js';

/** What images come from; a string or bytes would be read letter by letter. */
export type ImageSource<Image> = Iterable<Image> | AsyncIterable<Image>;

/** Throws UsageError for what is no list of images. */
export function checkSource(images: unknown): void {
  const isSource =
    typeof images === 'object' &&
    images !== null &&
    (Symbol.iterator in images || Symbol.asyncIterator in images) &&
    !ArrayBuffer.isView(images);
  if (isSource) return;
  throw new UsageError({
    where: `classifyAll: ${describeValue(images)}`,
    expected: 'an array or another iterable of images',
    ...(typeof images === 'string' && { remedy: 'for one image, use classify' }),
  });
}

export interface ClassifyImagesOptions {
  readonly top: number;
  readonly signal?: AbortSignal | undefined;
  /** Throws where no more images are to be begun. */
  readonly checkOpen: () => void;
}

/**
 * A row for each image, in their order; no more images are in memory than keep the runner busy.
 * @throws the signal's reason once it is aborted; what the source throws
 */
export async function* classifyImages<Image extends ImageInput>(
  images: ImageSource<Image>,
  runner: Pick<Runner, 'classify' | 'busy'>,
  { top, signal, checkOpen }: ClassifyImagesOptions,
): AsyncGenerator<Row<Image>, void, undefined> {
  signal?.throwIfAborted();
  // Ends streams that are being read, however the iteration ends.
  const ended = new AbortController();
  const forget = signal && onAbort(signal, () => ended.abort(signal.reason));
  // Handed in and not yet given back; rows come in the order of the images.
  const begun: Image[] = [];
  async function* tasks(): AsyncGenerator<Task> {
    for await (const image of images) {
      checkOpen();
      begun.push(image);
      yield { input: inputOrError(image, ended.signal) };
    }
  }
  let index = 0;
  try {
    for await (const { record } of classifyAll(tasks(), runner, { top, signal: ended.signal })) {
      signal?.throwIfAborted();
      yield rowOf(record, { index: index++, image: elementAt(begun.splice(0, 1), 0) });
    }
    signal?.throwIfAborted();
  } finally {
    forget?.();
    ended.abort();
  }
}

function rowOf<Image>(record: ImageRecord, place: Pick<Row<Image>, 'index' | 'image'>): Row<Image> {
  if ('error' in record) return { ok: false, ...place, error: record.error };
  // Images of a library have no names but those that they were handed in by.
  const { file: _, ...classification } = record;
  return { ok: true, ...place, ...classification };
}

/** What is no image is one row's error too. */
function inputOrError(image: ImageInput, signal: AbortSignal | undefined): Input {
  try {
    return inputOf(image, signal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { file: '', path: '', error: { code: error.code, message: error.message } };
  }
}
