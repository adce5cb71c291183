import { type ErrorDetails, ModelError } from '../errors/errors.js';

interface FetchErrorOptions extends ErrorOptions {
  readonly retryAfter?: number | undefined;
  readonly status?: number | undefined;
  readonly isOffline?: boolean | undefined;
}

/** A failed download. `isPassing`: it may succeed if it is tried again. */
export class FetchError extends ModelError {
  readonly isPassing: boolean;
  /** Milliseconds that the server asked to wait. */
  readonly retryAfter: number | undefined;
  /** What the server answered, where it did. */
  readonly status: number | undefined;
  /** There seems to be no network. */
  readonly isOffline: boolean;

  constructor(
    details: ErrorDetails,
    isPassing: boolean,
    { retryAfter, status, isOffline = false, ...options }: FetchErrorOptions = {},
  ) {
    super('download', details, options);
    this.isPassing = isPassing;
    this.retryAfter = retryAfter;
    this.status = status;
    this.isOffline = isOffline;
  }
}

/** The address for a message: no credentials, no query (which may hold a signature), no fragment. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Nothing came for so long. */
export function silent(where: string, idleMs: number): FetchError {
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
  const isOffline = ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH'].includes(code ?? '');
  return new FetchError({ where, problem: `${problem}${suffix}` }, isPassing, { cause: error, isOffline });
}
