import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Speaks to each connection as it is told, after the request came: for what no HTTP server would say. */
export class RawServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Requests that came. */
  asked = 0;

  constructor(speak: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      socket.on('close', () => this.#sockets.delete(socket));
      socket.once('data', () => {
        this.asked++;
        speak(socket);
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Repeats a text every `everyMs` for as long as there is a connection. */
export function drip(socket: Socket, text: string, everyMs = 10): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
}
