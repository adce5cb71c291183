import { elementAt } from '../errors/element-at.js';
import { ModelError } from '../errors/errors.js';
import { explain, FetchError, shown } from '../net/fetch-error.js';
import { type Answer, fetchAnswer } from '../net/http.js';
import { retryPassing } from '../net/retry.js';
import { isHtml } from '../weights/formats/other-files.js';
import { asStoreError, type Disk } from './disk.js';
import type { DownloadRequest } from './download-request.js';
import type { PartialDownload } from './partial-download.js';

export interface DownloadLimits {
  /** Tries of each address. */
  readonly attempts: number;
  /** Before the second try; twice as long before each further one. */
  readonly backoffMs: number;
  /** A server silent for so long is given up. */
  readonly idleMs: number;
  /** Time over which a server must send at least 1 kB/s; left out for that of `net`. */
  readonly windowMs?: number;
  /** All tries of all addresses together. */
  readonly totalMs: number;
}

export const defaultLimits: DownloadLimits = { attempts: 4, backoffMs: 500, idleMs: 30_000, totalMs: 3_600_000 };

export interface Progress {
  readonly received: number;
  /** Undefined where the server does not say. */
  readonly total: number | undefined;
}

export interface DownloadOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly disk: Disk;
  readonly limits: DownloadLimits;
  readonly onProgress: (progress: Progress) => void;
}

export interface Downloaded {
  /** The one of the addresses that gave the file, without credentials and query. */
  readonly address: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Fetches a file into `part`, going on where an earlier process was interrupted. Each address is tried again after
 * errors that may pass, then the next one is. On failure nothing is left on the disk.
 * @throws ModelError `download` with one sentence, `store-full`, `store`
 */
export async function download(
  request: DownloadRequest,
  partial: PartialDownload,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { limits } = options;
  const total = new AbortController();
  const name = shown(new URL(elementAt(request.addresses, 0)));
  const timer = setTimeout(
    () =>
      total.abort(
        new FetchError({ where: name, problem: `download not complete after ${limits.totalMs / 1000} s` }, false),
      ),
    limits.totalMs,
  );
  const failures: FetchError[] = [];
  try {
    for (const address of request.addresses) {
      try {
        return await fetchFrom(address, request, partial, options, total.signal);
      } catch (error) {
        if (!(error instanceof FetchError) || total.signal.aborted) throw error;
        failures.push(error);
        await partial.restart();
      }
    }
    throw summary(failures);
  } catch (error) {
    await partial.discard();
    throw asStoreError(partial.folder, error);
  } finally {
    clearTimeout(timer);
  }
}

function summary(failures: readonly FetchError[]): ModelError {
  const [first, ...others] = failures;
  if (first && others.length === 0) return first;
  const problem = failures.map(({ message }) => message).join('; ');
  const isOffline = failures.every((failure) => failure.isOffline);
  return new FetchError({ problem }, false, { cause: first, status: first?.status, isOffline });
}

async function fetchFrom(
  address: string,
  request: DownloadRequest,
  partial: PartialDownload,
  options: DownloadOptions,
  signal: AbortSignal,
): Promise<Downloaded> {
  const where = shown(new URL(address));
  return retryPassing(
    async () => {
      await receive(address, request, partial, options, signal);
      return { address: where, ...(await partial.check(where, request)) };
    },
    { ...options.limits, signal },
  );
}

/** One request; what its body holds goes into the partial file. */
async function receive(
  address: string,
  request: DownloadRequest,
  partial: PartialDownload,
  options: DownloadOptions,
  signal: AbortSignal,
): Promise<void> {
  const where = shown(new URL(address));
  const resume = await partial.resumption(address, request.hash !== null);
  const headers = { 'User-Agent': 'mobilenet', Accept: '*/*', 'Accept-Encoding': 'identity', ...resume };
  const answer = await fetchAnswer(address, headers, { env: options.env, ...options.limits, signal });
  try {
    if (answer.status === 416) {
      await partial.restart();
      throw new FetchError({ where, problem: 'the server does not send the rest of the file' }, true);
    }
    refuseWrongKind(answer, where);
    const isRest = answer.status === 206 && partial.received > 0;
    if (isRest && rangeStart(answer) !== partial.received) {
      await partial.restart();
      throw new FetchError({ where, problem: 'the server sent another part of the file than requested' }, true);
    }
    const length = contentLength(answer);
    const total = length === undefined ? undefined : length + (isRest ? partial.received : 0);
    refuseWrongSize(total, request, where);
    if (!isRest) await partial.begin(address, answer.headers);
    await readBody(answer, { where, total, request, partial, signal, onProgress: options.onProgress });
  } catch (error) {
    throw error instanceof ModelError ? error : (explainBody(error, where, signal) as Error);
  } finally {
    answer.close();
  }
}

interface Body {
  readonly where: string;
  readonly total: number | undefined;
  readonly request: DownloadRequest;
  readonly partial: PartialDownload;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

async function readBody(answer: Answer, body: Body): Promise<void> {
  const { where, total, request, partial, signal, onProgress } = body;
  const most = total ?? request.bytes ?? request.maxBytes;
  onProgress({ received: partial.received, total });
  try {
    for await (const chunk of answer.body) {
      if (partial.received === 0 && isHtml(Buffer.from(chunk.subarray(0, 512)).toString('latin1'))) {
        throw new FetchError({ where, problem: 'a web page', expected: 'a model' }, false);
      }
      if (partial.received + chunk.length > most) {
        throw new FetchError({ where, problem: `more than the expected ${most} bytes` }, false);
      }
      await partial.append(chunk);
      onProgress({ received: partial.received, total });
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // Node's name for a body that ends too soon.
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET' && !(error instanceof ModelError)) {
      throw endedEarly(where, partial.received, total ?? request.bytes, error);
    }
    throw error;
  }
  const expected = total ?? request.bytes;
  if (expected !== null && partial.received < expected) throw endedEarly(where, partial.received, expected);
}

function endedEarly(where: string, received: number, total: number | null | undefined, cause?: unknown): FetchError {
  const expected = total == null ? 'more' : `${total}`;
  return new FetchError({ where, problem: `the transfer ended after ${received} bytes`, expected }, true, { cause });
}

/** What the disk refused is told by whoever knows the store; the rest is the network's. */
function explainBody(error: unknown, where: string, signal: AbortSignal): unknown {
  return (error as NodeJS.ErrnoException).syscall === 'write' ? error : explain(error, where, signal);
}

function refuseWrongKind({ headers }: Answer, where: string): void {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'text/html' || type === 'application/xhtml+xml') {
    throw new FetchError({ where, problem: `a web page (${type})`, expected: 'a model' }, false);
  }
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new FetchError({ where, problem: `sent as ${encoding}`, expected: 'the file without encoding' }, false);
  }
}

function refuseWrongSize(total: number | undefined, { bytes, maxBytes }: DownloadRequest, where: string): void {
  if (total === undefined) return;
  if (bytes !== null && total !== bytes)
    throw new FetchError({ where, problem: `${total} bytes`, expected: `${bytes}` }, false);
  if (total > maxBytes)
    throw new FetchError({ where, problem: `${total} bytes`, expected: `at most ${maxBytes}` }, false);
}

function contentLength({ headers }: Answer): number | undefined {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function rangeStart({ headers }: Answer): number | undefined {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '');
  return match ? Number(match[1]) : undefined;
}
