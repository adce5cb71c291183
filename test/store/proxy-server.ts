import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A proxy that remembers what went through it. */
export class TestProxy {
  readonly seen: string[] = [];
  readonly credentials: (string | undefined)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  /**
   * @param refuseTunnels answers every CONNECT with 407
   * @param target where tunnels lead, whatever they were asked for
   */
  constructor(refuseTunnels = false, target?: { readonly host: string; readonly port: number }) {
    this.#server = createServer((incoming, response) => this.#forward(incoming, response));
    this.#server.on('connection', (socket) => this.#sockets.add(socket.on('error', () => {})));
    this.#server.on('connect', (incoming, socket) => {
      this.#remember(incoming, `CONNECT ${incoming.url}`);
      if (refuseTunnels) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const [host, port] = incoming.url!.split(':');
      const far = connect(target?.port ?? Number(port), target?.host ?? host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        far.pipe(socket);
        socket.pipe(far);
      });
      this.#sockets.add(far.on('error', () => socket.destroy()));
      socket.on('error', () => far.destroy());
    });
  }

  #remember(incoming: IncomingMessage, what: string): void {
    this.seen.push(what);
    this.credentials.push(incoming.headers['proxy-authorization']);
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): void {
    this.#remember(incoming, `GET ${incoming.url}`);
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    request(incoming.url!, { headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    }).end();
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
