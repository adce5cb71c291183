import { Worker } from 'node:worker_threads';
import { packageFile } from '../files/package-files.js';
import { ArchiveError } from './archive-types.js';
import type { ParquetFacts, ParquetReply, ParquetRequest, ParquetRow } from './parquet-messages.js';

/** The built file, seen from the bundle (`dist/code/`) and from the sources alike. */
const threadFile = packageFile('dist/code/parquet.cjs');

/** Images are outside of the heap. */
const LIMITS = { maxOldGenerationSizeMb: 2048 };

/** Besides the time that bytes take: a thread takes some seconds to start where a machine is very busy. */
const PATIENCE_MS = 30_000;
/** As slow disks are read. */
const BYTES_PER_MS = 10_000;
/** How often a file may take too long, or too much memory: after that, nothing more is read. */
const MOST_BROKEN_THREADS = 3;

interface Thread {
  readonly worker: Worker;
  /** Of the latest request. */
  onReply(reply: ParquetReply): void;
  onFailure(reason: string, cause?: Error): void;
}

/**
 * Reads a Parquet file in a thread: damage can keep its decoder, which nothing interrupts, busy for hours, or have it fill
 * all memory. The thread is then ended, and another one reads what else is asked for.
 */
export class ParquetReader {
  readonly #path: string | Buffer;
  readonly #patience: number;
  #thread: Thread | undefined;
  #broken = 0;

  /** @param patience milliseconds, besides those that the bytes take */
  constructor(path: string | Buffer, patience = PATIENCE_MS) {
    this.#path = path;
    this.#patience = patience;
  }

  /** Rejects with ArchiveError, an error of the file system, or with what the decoder throws. */
  async readFacts(): Promise<ParquetFacts> {
    const reply = await this.#ask('metadata', 0);
    return (reply as { facts: ParquetFacts }).facts;
  }

  /**
   * Rejects as readFacts does.
   * @param bytes unpacked, of these rows
   */
  async readRows(request: Exclude<ParquetRequest, 'metadata'>, bytes: number): Promise<ParquetRow[]> {
    const reply = await this.#ask(request, bytes);
    return (reply as { rows: ParquetRow[] }).rows;
  }

  close(): void {
    if (this.#thread) {
      this.#thread.onFailure = () => {};
      void this.#thread.worker.terminate();
    }
    this.#thread = undefined;
  }

  async #ask(request: ParquetRequest, bytes: number): Promise<ParquetReply> {
    if (this.#broken >= MOST_BROKEN_THREADS) {
      throw new ArchiveError({ problem: 'not read, as too many row groups before could not be decoded' });
    }
    const reply = await this.#answerOf(request, this.#patience + bytes / BYTES_PER_MS);
    if ('flaw' in reply) throw new ArchiveError(reply.flaw);
    if ('error' in reply) throw Object.assign(reply.error, reply.system);
    return reply;
  }

  #answerOf(request: ParquetRequest, patience: number): Promise<ParquetReply> {
    this.#thread ??= this.#start();
    const thread = this.#thread;
    return new Promise<ParquetReply>((resolve, reject) => {
      const fail = (reason: string, cause?: Error) => {
        clearTimeout(timer);
        this.#broken++;
        this.close();
        reject(new ArchiveError({ problem: `damaged Parquet file (${reason})` }, { cause }));
      };
      const timer = setTimeout(() => fail(`not decoded within ${Math.round(patience / 1000)} s`), patience);
      thread.onReply = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
      thread.onFailure = fail;
      thread.worker.postMessage(request);
    });
  }

  #start(): Thread {
    // No flags of this process: loaders and the like are not for workers.
    const worker = new Worker(threadFile, { workerData: this.#path, execArgv: [], resourceLimits: LIMITS });
    const thread: Thread = { worker, onReply() {}, onFailure() {} };
    worker.on('message', (reply: ParquetReply) => thread.onReply(reply));
    worker.on('messageerror', (cause) => thread.onFailure(cause.message, cause));
    worker.on('error', (cause) => thread.onFailure(cause.message, cause));
    // The timer of a request keeps the process running, and nothing else has to.
    worker.unref();
    return thread;
  }
}
