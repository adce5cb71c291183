import type { ClientRequest, IncomingMessage } from 'node:http';
import { type ErrorDetails, ModelError } from '../errors/errors.js';
import { startRequest } from './proxy.js';

const MOST_REDIRECTS = 10;

/** A failed download. `isPassing`: it may succeed if it is tried again. */
export class FetchError extends ModelError {
  readonly isPassing: boolean;
  /** Milliseconds that the server asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(
    details: ErrorDetails,
    isPassing: boolean,
    options: ErrorOptions & { retryAfter?: number | undefined } = {},
  ) {
    super('download', details, options);
    this.isPassing = isPassing;
    this.retryAfter = options.retryAfter;
  }
}

export interface FetchOptions {
  readonly env: NodeJS.ProcessEnv;
  /** A server silent for so long is given up. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** The address for a message: no credentials, no query (which may hold a signature), no fragment. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * The answer to a GET request after redirects, with a status of 200, 206 or 416. Its body ends with an error when the
 * server goes silent.
 * @throws FetchError
 */
export async function fetchAnswer(
  address: string,
  headers: Readonly<Record<string, string>>,
  options: FetchOptions,
): Promise<IncomingMessage> {
  let url = parseAddress(address, address);
  const where = shown(url);
  const visited = new Set<string>();
  for (;;) {
    if (visited.has(url.href)) throw new FetchError({ where, problem: 'redirect loop' }, false);
    if (visited.size > MOST_REDIRECTS) {
      throw new FetchError({ where, problem: `more than ${MOST_REDIRECTS} redirects` }, false);
    }
    visited.add(url.href);
    const response = await ask(url, where, headers, options);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status >= 300 && status < 400 && status !== 304 && location !== undefined) {
      response.destroy();
      const next = parseAddress(location, where, url);
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw new FetchError({ where, problem: `insecure redirect from https to ${shown(next)}` }, false);
      }
      url = next;
      continue;
    }
    if (status === 200 || status === 206 || status === 416) return response;
    response.destroy();
    throw new FetchError(
      {
        where,
        problem: `the server answered ${`${status} ${response.statusMessage ?? ''}`.trim()}`,
      },
      status >= 500 || status === 429 || status === 408,
      { retryAfter: readRetryAfter(response.headers['retry-after']) },
    );
  }
}

function parseAddress(text: string, where: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch (cause) {
    throw new FetchError({ where, problem: 'not a valid URL', expected: 'http:// or https://' }, false, { cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FetchError(
      { where, problem: `unsupported protocol ${url.protocol.slice(0, -1)}`, expected: 'http:// or https://' },
      false,
    );
  }
  return url;
}

async function ask(
  url: URL,
  where: string,
  headers: Readonly<Record<string, string>>,
  { env, idleMs, signal }: FetchOptions,
): Promise<IncomingMessage> {
  const silence = new AbortController();
  const stop = (): void => silence.abort(silent(where, idleMs));
  // Until the answer comes the timer counts; from there on the socket's own does, which data resets.
  const timer = setTimeout(stop, idleMs);
  let request: ClientRequest | undefined;
  try {
    request = await startRequest(url, headers, { env, signal: AbortSignal.any([signal, silence.signal]) });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request!.once('response', resolve);
      request!.once('error', reject);
      request!.end();
    });
    response.setTimeout(idleMs, () => response.destroy(silent(where, idleMs)));
    // Whoever reads the body is told; after that nobody may be left to listen.
    request.on('error', () => {});
    return response;
  } catch (error) {
    request?.on('error', () => {});
    throw explain(error, where, signal, silence.signal);
  } finally {
    clearTimeout(timer);
  }
}

function silent(where: string, idleMs: number): FetchError {
  return new FetchError({ where, problem: `no data for ${idleMs / 1000} s` }, true);
}

/** Network errors as one sentence; errors that have theirs stay. */
export function explain(error: unknown, where: string, ...signals: readonly AbortSignal[]): unknown {
  const reason = signals.find((signal) => signal.aborted)?.reason;
  if (reason instanceof ModelError) return reason;
  if (error instanceof ModelError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const said: Readonly<Record<string, string>> = {
    ENOTFOUND: 'no such host, or no network',
    EAI_AGAIN: 'no such host, or no network',
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    EPIPE: 'connection closed',
    ETIMEDOUT: 'connection timed out',
    ENETUNREACH: 'no network',
    EHOSTUNREACH: 'host unreachable',
  };
  const isCertificate = code !== undefined && /CERT|SIGNATURE|ISSUER/.test(code);
  const problem = said[code ?? ''] ?? (isCertificate ? `certificate not trusted (${code})` : (code ?? message));
  // Certificates and malformed answers stay wrong.
  const isPassing = code !== undefined && code in said;
  const suffix = said[code ?? ''] && code ? ` (${code})` : '';
  return new FetchError({ where, problem: `${problem}${suffix}` }, isPassing, { cause: error });
}

/** Seconds only; a date would trust the server's clock. */
function readRetryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,4}$/.test(value.trim()) ? Number(value) * 1000 : undefined;
}
