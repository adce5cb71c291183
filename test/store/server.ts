import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Looks like a TFLite file from outside; the same bytes every time. */
export function makeFile(length = 200_000, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  bytes.set(new TextEncoder().encode('TFL3'), 4);
  return bytes;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export interface Request {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on this machine that answers each path as it is told, and remembers what it was asked. */
export class TestServer {
  readonly requests: Request[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #handlers = new Map<string, Handler>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url!;
      const count = this.requests.filter((each) => each.path === path).length + 1;
      this.requests.push({ path, range: request.headers.range, ifRange: request.headers['if-range'] as string });
      const handler = this.#handlers.get(path);
      if (handler) handler(request, response, count);
      else response.writeHead(404).end('not here');
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sets what a path answers, and gives its address. */
  on(path: string, handler: Handler): string {
    this.#handlers.set(path, handler);
    return `${this.origin}${path}`;
  }

  asked(path: string): Request[] {
    return this.requests.filter((each) => each.path === path);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A well-behaved file: ranges, `If-Range`, ETag. `cut`: bytes after which the connection breaks. */
export function serve(
  bytes: Uint8Array,
  { etag = `"${sha256(bytes)}"`, cut = Number.POSITIVE_INFINITY } = {},
): Handler {
  return (request, response) => {
    const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    const start = wanted && isSame ? Number(wanted[1]) : 0;
    const body = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      ETag: etag,
      'Content-Type': 'application/octet-stream',
      'Content-Length': body.length,
      ...(start > 0 && { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (cut >= body.length) response.end(body);
    else response.write(body.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  };
}
