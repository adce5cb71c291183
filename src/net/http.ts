import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { explain, FetchError, shown, silent } from './fetch-error.js';
import { startRequest } from './proxy.js';
import { readSteadily, WINDOW_MS } from './steady-body.js';

const MOST_REDIRECTS = 10;
/** Of `100 Continue`, `103 Early Hints` and the like before one answer. */
const MOST_INTERIM_ANSWERS = 10;

export interface FetchOptions {
  readonly env: NodeJS.ProcessEnv;
  /** A server silent for so long is given up. */
  readonly idleMs: number;
  /** Time over which a server must send at least 1 kB/s; 30 s by default, and never less than `idleMs`. */
  readonly windowMs?: number;
  readonly signal: AbortSignal;
}

/** What a server sent: a status of 200, 206 or 416. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends with a FetchError where the server goes silent or is too slow. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection. */
  close(): void;
}

/**
 * The answer to a GET request after redirects.
 * @throws FetchError
 */
export async function fetchAnswer(
  address: string,
  headers: Readonly<Record<string, string>>,
  options: FetchOptions,
): Promise<Answer> {
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
    if (status === 200 || status === 206 || status === 416) {
      const { idleMs, windowMs = WINDOW_MS } = options;
      const body = readSteadily(response, { where, idleMs, windowMs: Math.max(windowMs, idleMs) });
      return { status, headers: response.headers, body, close: () => response.destroy() };
    }
    response.destroy();
    throw new FetchError(
      {
        where,
        problem: `the server answered ${`${status} ${response.statusMessage ?? ''}`.trim()}`,
      },
      status >= 500 || status === 429 || status === 408,
      { status, retryAfter: readRetryAfter(response.headers['retry-after']) },
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
  // Counts for the whole head, however slowly it comes; the body has its own rules.
  const timer = setTimeout(() => silence.abort(silent(where, idleMs)), idleMs);
  try {
    const request = await startRequest(url, headers, { env, signal: AbortSignal.any([signal, silence.signal]) });
    return await finalAnswer(request, where);
  } catch (error) {
    throw explain(error, where, signal, silence.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends the request. Whatever the server does, the promise settles: otherwise a command could end in the middle, with 0. */
function finalAnswer(request: ClientRequest, where: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const refuse = (problem: string): void => {
      request.destroy();
      reject(new FetchError({ where, problem }, false));
    };
    let interim = 0;
    request.on('information', () => {
      if (++interim > MOST_INTERIM_ANSWERS) refuse(`more than ${MOST_INTERIM_ANSWERS} interim answers (status 1xx)`);
    });
    request.once('upgrade', ({ statusCode, statusMessage }, socket) => {
      socket.destroy();
      refuse(`the server answered ${`${statusCode} ${statusMessage ?? ''}`.trim()}`);
    });
    request.once('response', resolve);
    // Stays: whoever reads the body is told; after that nobody may be left to listen.
    request.on('error', reject);
    request.once('close', () =>
      reject(new FetchError({ where, problem: 'connection closed without an answer' }, true)),
    );
    request.end();
  });
}

/** Seconds only; a date would trust the server's clock. */
function readRetryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,4}$/.test(value.trim()) ? Number(value) * 1000 : undefined;
}
