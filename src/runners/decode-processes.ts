import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Preprocessing } from '../domain/preprocessing.js';
import { ImageError, RuntimeError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { packageFile } from '../files/package-files.js';
import type { Gate } from './memory-gate.js';
import type { DecoderReply, Job, PreparedPicture } from './messages.js';

export interface DecoderOptions {
  readonly preprocessing: Preprocessing;
  readonly maxPixels: number;
  readonly gate: Gate;
  /** For one picture; waiting for memory does not count. */
  readonly timeoutMs: number;
  /** What each process runs, for tests. */
  readonly file?: string;
}

export interface Decoders {
  /** Rejects with ImageError; `timeout` and `decoder-crashed` besides those of decoding. */
  prepare(job: Job): Promise<{ readonly data: PreparedPicture; readonly decode: number }>;
  close(): void;
}

type Prepared = Awaited<ReturnType<Decoders['prepare']>>;

interface Pending {
  readonly job: Job;
  readonly resolve: (prepared: Prepared) => void;
  readonly reject: (error: Error) => void;
}

interface Decoder {
  child: ChildProcess;
  pending?: Pending | undefined;
  timer?: NodeJS.Timeout | undefined;
  held: number;
  isReady: boolean;
  isLate: boolean;
}

/** For a process to start. */
const START_MS = 60_000;

/** Processes in a row that may end before they are ready. */
const MOST_FAILED_STARTS = 3;

/** From the bundle (`dist/code/`) and from the sources (`src/batch/`) alike. */
const decoderFile = fileURLToPath(packageFile('dist/code/decoder.cjs'));

/**
 * Processes that decode one picture at a time. One that hangs or dies takes only its picture with it and is replaced: a
 * thread that hangs in native code cannot be ended otherwise.
 */
export function startDecoders(count: number, options: DecoderOptions): Decoders {
  const { timeoutMs, preprocessing, maxPixels, gate, file = decoderFile } = options;
  const waiting: Pending[] = [];
  let failedStarts = 0;
  let fault: Error | undefined;
  let closed = false;
  const seconds = timeoutMs / 1000;
  // glibc’s heaps for each thread are what makes a process that decodes grow.
  const env = { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2', ...process.env };
  const decoders = Array.from({ length: count }, () => start({ held: 0 } as Decoder));

  function start(decoder: Decoder): Decoder {
    const child = fork(file, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env,
    });
    Object.assign(decoder, { child, isReady: false, isLate: false });
    watch(decoder, START_MS);
    child.on('message', (reply: DecoderReply) => receive(decoder, reply));
    // `exit` follows, or the process was never there.
    child.on('error', () => {});
    child.on('exit', (code, signal) => replace(decoder, signal ?? `exit code ${code}`));
    child.send({ preprocessing, maxPixels });
    return decoder;
  }

  function receive(decoder: Decoder, reply: DecoderReply): void {
    if ('ready' in reply) {
      clearTimeout(decoder.timer);
      decoder.isReady = true;
      assign();
      return;
    }
    const { pending } = decoder;
    if (!pending || pending.job.job !== reply.job) return;
    if ('reserve' in reply) {
      clearTimeout(decoder.timer);
      void gate.enter(reply.reserve).then(() => {
        // It may have died while it waited.
        if (decoder.pending !== pending) return gate.leave(reply.reserve);
        decoder.held = reply.reserve;
        watch(decoder, timeoutMs);
        decoder.child.send({ grant: reply.job });
      });
      return;
    }
    failedStarts = 0;
    finish(decoder);
    if ('prepared' in reply) pending.resolve({ data: ownCopy(reply.prepared), decode: reply.decode });
    else if ('error' in reply) pending.reject(new ImageError(reply.error.code, reply.error.details));
    else pending.reject(new Error(reply.fault));
    assign();
  }

  function finish(decoder: Decoder): void {
    clearTimeout(decoder.timer);
    decoder.pending = undefined;
    if (decoder.held > 0) gate.leave(decoder.held);
    decoder.held = 0;
  }

  /** From here on the picture, or the process itself, has so much time. */
  function watch(decoder: Decoder, ms: number): void {
    decoder.timer = setTimeout(() => {
      decoder.isLate = true;
      decoder.child.kill('SIGKILL');
    }, ms);
  }

  function replace(decoder: Decoder, how: string): void {
    if (closed) return;
    const { pending, isReady, isLate } = decoder;
    finish(decoder);
    if (pending) {
      const name = printable(pending.job.file);
      pending.reject(
        isLate
          ? new ImageError('timeout', {
              where: name,
              problem: `not decoded in ${seconds} s`,
              expected: 'a picture that is',
            })
          : new ImageError('decoder-crashed', {
              where: name,
              problem: `the decoder ended (${how})`,
              expected: 'a picture that it reads',
            }),
      );
    } else if (!isReady && ++failedStarts > MOST_FAILED_STARTS) {
      fault = new RuntimeError({
        where: 'decoder',
        problem: `processes end as they start (${how})`,
        expected: 'them to run',
      });
      for (const { reject } of waiting.splice(0)) reject(fault);
      return;
    }
    start(decoder);
    assign();
  }

  function assign(): void {
    for (const decoder of decoders) {
      if (decoder.pending || !decoder.isReady) continue;
      const pending = waiting.shift();
      if (!pending) return;
      decoder.pending = pending;
      watch(decoder, timeoutMs);
      decoder.child.send(pending.job);
    }
  }

  return {
    prepare: (job) =>
      new Promise((resolve, reject) => {
        if (fault) return reject(fault);
        waiting.push({ job, resolve, reject });
        assign();
      }),
    close() {
      closed = true;
      for (const { child, timer } of decoders) {
        clearTimeout(timer);
        child.kill('SIGKILL');
      }
    },
  };
}

/** What comes by a message is a view of all that came with it, and is to be handed on without that. */
function ownCopy(picture: PreparedPicture): PreparedPicture {
  return picture instanceof Uint8Array ? new Uint8Array(picture) : new Float32Array(picture);
}
