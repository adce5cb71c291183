import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PreparedFacts } from '../domain/classification.js';
import { ImageError, RuntimeError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { packageFile } from '../files/package-files.js';
import type { Gate } from './memory-gate.js';
import type { DecoderReply, Grant, Job, PreparedPicture, PrepareSettings } from './messages.js';
import { errorOf } from './picture-errors.js';

export interface DecoderOptions {
  readonly settings: PrepareSettings;
  readonly gate: Gate;
  /** For one picture; waiting for memory does not count. */
  readonly timeoutMs: number;
  /** What each process runs, for tests. */
  readonly file?: string;
}

/** A picture and the milliseconds that preparing it took. */
interface Decoded {
  readonly data: PreparedPicture;
  readonly decode: number;
  readonly facts: PreparedFacts;
}

export interface Decoders {
  /** Rejects with ImageError; `timeout` and `decoder-crashed` besides those of decoding. */
  prepare(job: Job): Promise<Decoded>;
  close(): void;
}

interface Pending {
  readonly job: Job;
  readonly resolve: (decoded: Decoded) => void;
  readonly reject: (error: Error) => void;
}

/** For a process to start. */
const START_MS = 60_000;

/** Processes in a row that may end before they are ready. */
const MOST_FAILED_STARTS = 3;

/** From the bundle (`dist/code/`) and from the sources (`src/runners/`) alike. */
const decoderFile = fileURLToPath(packageFile('dist/code/decoder.cjs'));

/**
 * Processes that decode one picture at a time. One that hangs or dies takes only its picture with it and is replaced: a
 * thread that hangs in native code cannot be ended otherwise.
 */
export function startDecoders(count: number, options: DecoderOptions): Decoders {
  return new DecoderPool(count, options);
}

class DecoderPool implements Decoders {
  readonly #decoders: readonly Decoder[];
  readonly #waiting: Pending[] = [];
  #failedStarts = 0;
  #failure: Error | undefined;
  #isClosed = false;

  constructor(count: number, options: DecoderOptions) {
    const events = {
      onFree: () => this.#assign(),
      onReply: () => {
        this.#failedStarts = 0;
      },
      onEnd: (decoder: Decoder, how: string, hadStarted: boolean) => this.#replace(decoder, how, hadStarted),
    };
    this.#decoders = Array.from({ length: count }, () => new Decoder(options, events));
  }

  prepare(job: Job): Promise<Decoded> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.push({ job, resolve, reject });
      this.#assign();
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const decoder of this.#decoders) decoder.kill();
  }

  #assign(): void {
    for (const decoder of this.#decoders) {
      if (!decoder.isFree) continue;
      const pending = this.#waiting.shift();
      if (!pending) return;
      decoder.take(pending);
    }
  }

  #replace(decoder: Decoder, how: string, hadStarted: boolean): void {
    if (this.#isClosed) return;
    if (!hadStarted && ++this.#failedStarts > MOST_FAILED_STARTS) {
      this.#failure = new RuntimeError({ problem: `decode processes exit as they start (${how})` });
      for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
      return;
    }
    decoder.start();
    this.#assign();
  }
}

interface DecoderEvents {
  readonly onFree: () => void;
  readonly onReply: () => void;
  /** The process has ended; its picture, if it had one, has been rejected. */
  readonly onEnd: (decoder: Decoder, how: string, hadStarted: boolean) => void;
}

/** The place of one process, which may be another one after a crash. */
class Decoder {
  readonly #options: DecoderOptions;
  readonly #events: DecoderEvents;
  #child!: ChildProcess;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that the gate has granted. */
  #held = 0;
  #isReady = false;
  #isLate = false;

  constructor(options: DecoderOptions, events: DecoderEvents) {
    this.#options = options;
    this.#events = events;
    this.start();
  }

  get isFree(): boolean {
    return this.#isReady && !this.#pending;
  }

  start(): void {
    const { file = decoderFile, settings } = this.#options;
    const child = fork(file, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      // glibc’s heaps for each thread are what makes a process that decodes grow.
      env: { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2', ...process.env },
    });
    this.#child = child;
    this.#isReady = false;
    this.#isLate = false;
    this.#limit(START_MS);
    child.on('message', (reply: DecoderReply) => this.#receive(reply));
    // `exit` follows, or the process was never there.
    child.on('error', () => {});
    child.on('exit', (code, signal) => this.#end(signal ?? `exit code ${code}`));
    child.send(settings);
  }

  take(pending: Pending): void {
    this.#pending = pending;
    this.#limit(this.#options.timeoutMs);
    this.#child.send(pending.job);
  }

  kill(): void {
    clearTimeout(this.#timer);
    this.#child.kill('SIGKILL');
  }

  /** From here on the picture, or the process itself, has so much time. */
  #limit(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.#child.kill('SIGKILL');
    }, ms);
  }

  #receive(reply: DecoderReply): void {
    if ('ready' in reply) {
      clearTimeout(this.#timer);
      this.#isReady = true;
      this.#events.onFree();
      return;
    }
    const pending = this.#pending;
    if (!pending || pending.job.job !== reply.job) return;
    if ('reserve' in reply) {
      clearTimeout(this.#timer);
      void this.#reserve(pending, reply.reserve);
      return;
    }
    this.#events.onReply();
    this.#finish();
    if ('prepared' in reply) {
      const { prepared, decode, facts } = reply;
      pending.resolve({ data: ownCopy(prepared), decode, facts });
    } else pending.reject(errorOf(reply));
    this.#events.onFree();
  }

  async #reserve(pending: Pending, bytes: number): Promise<void> {
    const { gate, timeoutMs } = this.#options;
    await gate.enter(bytes);
    // It may have died while it waited.
    if (this.#pending !== pending) return gate.leave(bytes);
    this.#held = bytes;
    this.#limit(timeoutMs);
    this.#child.send({ grant: pending.job.job } satisfies Grant);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#pending = undefined;
    if (this.#held > 0) this.#options.gate.leave(this.#held);
    this.#held = 0;
  }

  #end(how: string): void {
    const pending = this.#pending;
    const hadStarted = this.#isReady || pending !== undefined;
    this.#finish();
    pending?.reject(this.#explain(pending.job, how));
    this.#events.onEnd(this, how, hadStarted);
  }

  #explain({ file }: Job, how: string): ImageError {
    const where = printable(file);
    if (!this.#isLate) return new ImageError('decoder-crashed', { where, problem: `the decoder crashed (${how})` });
    const seconds = this.#options.timeoutMs / 1000;
    return new ImageError('timeout', { where, problem: `not decoded in ${seconds} s` });
  }
}

/** What comes by a message is a view of all that came with it, and is to be handed on without that. */
function ownCopy(picture: PreparedPicture): PreparedPicture {
  return picture instanceof Uint8Array ? new Uint8Array(picture) : new Float32Array(picture);
}
