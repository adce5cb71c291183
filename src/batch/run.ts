import { type Origin, type RecordError, SKIPPED } from '../domain/classification.js';
import { formatError } from '../errors/errors.js';
import type { Input } from '../inputs/types.js';
import { createGate, type Gate } from '../runners/memory-gate.js';
import { isPictureError } from '../runners/picture-errors.js';
import type { Picture, Runner, RunResult } from '../runners/types.js';
import type { StopSignal } from './stop.js';
import type { Meta, Outcome, Task } from './types.js';

export interface RunOptions {
  /** Aborted: no more pictures are begun, those in flight are finished. */
  readonly signal?: StopSignal;
  /** Predictions for each picture. */
  readonly top?: number;
}

/** A picture, and what is known about its file. */
export type TaskPicture = Picture & Pick<Task, 'meta'>;

/** What of a runner is needed here. */
export interface TaskRunner extends Pick<Runner, 'busy'> {
  classify(picture: TaskPicture, options: { readonly top?: number | undefined }): Promise<RunResult>;
}

/** Pictures begun or done ahead of the one that is waited for, for each that the runner works on. */
const WINDOW = 3;

/**
 * What became of each input, in their order, as soon as it is known. Few are in memory at a time, however many there are.
 * Rejects for errors that are not one picture's.
 */
export async function* classifyAll(
  tasks: AsyncIterable<Task>,
  runner: TaskRunner,
  { signal, top }: RunOptions = {},
): AsyncGenerator<Outcome> {
  const source = tasks[Symbol.asyncIterator]();
  const running: Promise<Outcome>[] = [];
  const fetches = createGate(MOST_FETCHED);
  let stop = (): void => {};
  const onAbort = () => stop();
  signal?.addEventListener('abort', onAbort);
  let next: Promise<IteratorResult<Task>> | undefined;
  let ended = false;
  let held = 0;
  try {
    for (;;) {
      if (signal?.aborted) ended = true;
      if (!ended && running.length < WINDOW * runner.busy && mayTake(held, runner)) next ??= source.next();
      if (ended && running.length === 0) return;
      const [oldest] = running;
      // Whichever comes first: names may arrive slowly, and results must not wait for them.
      const come = await Promise.race([
        ...(next && !ended ? [next.then(() => 'next' as const)] : []),
        ...(oldest ? [oldest.then(() => 'done' as const)] : []),
        // One for each turn: a promise that lasts would keep what every race has hung on it.
        new Promise<'stopped'>((resolve) => {
          stop = () => resolve('stopped');
        }),
      ]);
      if (come === 'done') {
        const outcome = await running.shift()!;
        held -= bytesOf(outcome.input);
        yield outcome;
      } else if (come === 'next') {
        const { done, value } = await next!;
        next = undefined;
        if (done) ended = true;
        else {
          held += bytesOf(value.input);
          running.push(begin(value, runner, top, fetches));
        }
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await release(source, next);
  }
}

/** Bytes of inputs that come with them, for each that the runner works on: images that wait must not fill the memory. */
const MOST_HELD = 2 ** 23;

function mayTake(held: number, { busy }: Pick<Runner, 'busy'>): boolean {
  return held < MOST_HELD * busy;
}

function bytesOf({ bytes }: Input): number {
  return bytes?.length ?? 0;
}

/** Lets the source end, should nobody read on. One that is being waited for may never answer. */
async function release(source: AsyncIterator<Task>, next: Promise<unknown> | undefined): Promise<void> {
  next?.catch(() => {});
  const released = source.return?.();
  if (next === undefined) await released;
  else released?.catch(() => {});
}

type Classify = (picture: TaskPicture) => Promise<RunResult>;

function begin({ input, meta }: Task, runner: TaskRunner, top: number | undefined, fetches: Gate): Promise<Outcome> {
  const outcome = classifyOne(input, meta, (picture) => runner.classify(picture, { top }), fetches);
  // It may fail before its turn comes to be awaited.
  outcome.catch(() => {});
  return outcome;
}

/** Errors of the picture become its record; all others end the run. */
async function classifyOne(input: Input, meta: Meta | undefined, classify: Classify, fetches: Gate): Promise<Outcome> {
  const origin = originOf(input);
  if (input.error) return { input, record: { ...origin, error: input.error, ...meta } };
  try {
    const { maps, size, ...classification } = await classifyFetched(input, meta, classify, fetches);
    return { input, record: { ...origin, ...classification, ...meta }, ...(maps && { maps }), ...(size && { size }) };
  } catch (error) {
    return { input, record: { ...origin, error: recordErrorOf(input, error), ...meta } };
  }
}

/** What a record says of a picture's error. Throws the error where it is none. */
export function recordErrorOf({ isFound, file }: Input, error: unknown): RecordError {
  if (!isPictureError(error)) throw error;
  const { code, message, details } = error;
  const kind = isFound && details.otherKind;
  return kind ? skippedError(details.where ?? file, kind) : { code, message };
}

function skippedError(where: string, kind: string): RecordError {
  return { code: SKIPPED, kind, message: formatError({ where, problem: `not an image (${kind})` }) };
}

/** Pictures from elsewhere, in memory or on their way there, each counted as one: they may be large. */
const MOST_FETCHED = 8;

async function classifyFetched(
  { fetch, ...picture }: Input,
  meta: Meta | undefined,
  classify: Classify,
  fetches: Gate,
): Promise<RunResult> {
  const known: TaskPicture = { ...picture, ...(meta && { meta }) };
  if (!fetch) return classify(known);
  await fetches.enter(1);
  try {
    return await classify({ ...known, ...(await fetchContent(fetch)) });
  } finally {
    fetches.leave(1);
  }
}

/** What an input's `fetch` gives, in the field of a picture. */
export async function fetchContent(fetch: NonNullable<Input['fetch']>): Promise<Pick<Picture, 'bytes' | 'pixels'>> {
  const content = await fetch();
  return content instanceof Uint8Array ? { bytes: content } : { pixels: content };
}

export function originOf({ file, path, member }: Input): Origin {
  const { key, fields } = member ?? {};
  return {
    file,
    ...(typeof path !== 'string' && { fileBase64: path.toString('base64') }),
    ...(key !== undefined && { key }),
    ...(fields && { fields }),
  };
}
