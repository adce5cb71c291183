import type { IncomingMessage } from 'node:http';
import { FetchError, silent } from './fetch-error.js';

/** A server that sends less than `LEAST_PER_SECOND` over so long is given up. */
export const WINDOW_MS = 30_000;
const LEAST_PER_SECOND = 1000;

interface Steadiness {
  readonly where: string;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  readonly windowMs: number;
}

/**
 * The body of an answer, which ends with a FetchError where nothing comes for `idleMs`, or too little over `windowMs`. Only
 * time spent waiting for the server counts, not what the reader takes for a piece.
 */
export async function* readSteadily(response: IncomingMessage, steadiness: Steadiness): AsyncGenerator<Uint8Array> {
  const watch = new Watch(steadiness, (error) => response.destroy(error));
  const pieces: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      watch.start();
      const { done, value } = await pieces.next().finally(() => watch.pause());
      if (done) return;
      watch.count(value.length);
      yield value;
    }
  } finally {
    watch.pause();
    response.destroy();
  }
}

/** Runs on timers: what surrounds the pieces (lengths of chunks, trailers) may come byte by byte for ever. */
class Watch {
  readonly #steadiness: Steadiness;
  readonly #fail: (error: FetchError) => void;
  #idle: NodeJS.Timeout | undefined;
  #window: NodeJS.Timeout | undefined;
  #started = 0;
  #waited = 0;
  #received = 0;

  constructor(steadiness: Steadiness, fail: (error: FetchError) => void) {
    this.#steadiness = steadiness;
    this.#fail = fail;
  }

  start(): void {
    const { where, idleMs, windowMs } = this.#steadiness;
    this.#started = performance.now();
    this.#idle = setTimeout(() => this.#fail(silent(where, idleMs)), idleMs);
    this.#window = setTimeout(() => this.#judge(), windowMs - this.#waited);
  }

  pause(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#window);
    this.#waited += performance.now() - this.#started;
    this.#started = performance.now();
  }

  count(bytes: number): void {
    this.#received += bytes;
  }

  /** The end of a window. */
  #judge(): void {
    const { where, windowMs } = this.#steadiness;
    const received = this.#received;
    if (received < (LEAST_PER_SECOND * windowMs) / 1000) {
      const problem = `only ${received} bytes in ${windowMs / 1000} s`;
      const slow = new FetchError({ where, problem, expected: `at least ${LEAST_PER_SECOND} bytes per second` }, true);
      this.#fail(received === 0 ? silent(where, windowMs) : slow);
      return;
    }
    this.#received = 0;
    this.#waited = 0;
    this.#started = performance.now();
    this.#window = setTimeout(() => this.#judge(), windowMs);
  }
}
