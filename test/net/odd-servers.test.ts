import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchPicture } from '../../src/net/fetch-picture.js';
import { pullEntry } from '../../src/store/pull-entry.js';
import { mobilenetBeside } from '../cli/async-run.js';
import { accept, makeEntry } from '../store/entry.js';
import { drip, RawServer } from './raw-server.js';

const limits = { attempts: 1, backoffMs: 1, idleMs: 400, windowMs: 400, totalMs: 20_000 };
const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n';

interface Oddity {
  readonly speak: (socket: Socket) => void;
  readonly message: RegExp;
  /** Where `pull` says it in other words. */
  readonly pulling?: RegExp;
}

const oddities: Record<string, Oddity> = {
  '101 Switching Protocols': {
    speak: (socket) => socket.write(upgrade),
    message: /the server answered 101 Switching Protocols$/,
  },
  '101 without a word of what to': {
    speak: (socket) => socket.write('HTTP/1.1 101\r\n\r\n'),
    message: /the server answered 101$/,
  },
  '101 and the end of the connection': {
    speak: (socket) => socket.end(upgrade),
    message: /the server answered 101 Switching Protocols$/,
  },
  'interim answers without end': {
    speak: (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 1),
    message: /more than 10 interim answers \(status 1xx\)$/,
  },
  'interim answers and nothing more': {
    speak: (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'),
    message: /no data for 0\.4 s$/,
  },
  'interim answers and the end of the connection': {
    speak: (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
    message: /connection reset \(ECONNRESET\)$/,
  },
  'the end of the connection at once': {
    speak: (socket) => socket.end(),
    message: /connection reset \(ECONNRESET\)$/,
  },
  'the end of the connection in the head': {
    speak: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'),
    message: /: (HPE_INVALID_EOF_STATE|connection reset \(ECONNRESET\))$/,
  },
  'the end of the connection in the body': {
    speak: (socket) => socket.end(`${head}Content-Length: 1000\r\n\r\nTFL3TFL3`),
    message: /connection reset \(ECONNRESET\)$/,
    pulling: /the transfer ended after \d+ bytes, expected 1000$/,
  },
  'a head that comes a byte at a time': {
    speak: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Long: ');
      drip(socket, 'x');
    },
    message: /no data for 0\.4 s$/,
  },
  'a head without end': {
    speak: (socket) => {
      socket.write(head);
      drip(socket, `X-${'x'.repeat(5000)}: ${'y'.repeat(5000)}\r\n`);
    },
    message: /: HPE_HEADER_OVERFLOW$/,
  },
  'a body that comes a byte at a time': {
    speak: (socket) => {
      socket.write(`${head}Content-Length: 100000\r\n\r\n`);
      drip(socket, 'x');
    },
    message: /only \d+ bytes in 0\.4 s, expected at least 1000 bytes per second$/,
  },
  'the length of a chunk that comes a digit at a time': {
    speak: (socket) => {
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      drip(socket, '0');
    },
    message: /no data for 0\.4 s$/,
  },
  'trailers without end, a byte at a time': {
    speak: (socket) => {
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nTFL3\r\n0\r\nX-Long: `);
      drip(socket, 'x');
    },
    message: /(no data for 0\.4 s|only 4 bytes in 0\.4 s, expected at least 1000 bytes per second)$/,
  },
  'a part that nobody asked for': {
    speak: (socket) => socket.end('HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nTFL3'),
    message: /the server answered 206, expected 200$/,
    pulling: /: an unknown kind of file, expected tflite$/,
  },
};

describe.each(Object.entries(oddities))('a server that answers with %s', (_title, { speak, message, pulling }) => {
  let server: RawServer;
  let address: string;
  let home: string;
  beforeEach(async () => {
    server = new RawServer(speak);
    address = `http://${await server.start()}/file`;
    home = await mkdtemp(join(tmpdir(), 'mobilenet-odd-'));
  });
  afterEach(async () => {
    await server.stop();
    await rm(home, { recursive: true });
  });

  it('ends a picture', async () => {
    const fetched = fetchPicture(address, new AbortController().signal, limits);
    await expect(fetched).rejects.toMatchObject({ code: 'not-fetched', message: expect.stringMatching(message) });
  });

  it('ends a pull, and leaves nothing', async () => {
    const entry = makeEntry([address]);
    const pulled = pullEntry(entry, (file) => accept(file, entry), { home, env: {}, limits });
    await expect(pulled).rejects.toMatchObject({
      code: 'download',
      message: expect.stringMatching(pulling ?? message),
    });
    expect(readdirSync(home, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())).toEqual([]);
  });
});

describe('a server that is slow', () => {
  const body = 'x'.repeat(3000);
  const slowly = (everyMs: number) => (socket: Socket) => {
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`);
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(body.slice(sent, sent + 100));
      sent += 100;
      if (sent >= body.length) clearInterval(timer);
    }, everyMs);
    socket.on('close', () => clearInterval(timer));
  };
  const fetch = async (everyMs: number, slow: { idleMs: number; windowMs?: number }) => {
    const server = new RawServer(slowly(everyMs));
    const address = `http://${await server.start()}/file`;
    return fetchPicture(address, new AbortController().signal, { ...limits, ...slow }).finally(() => server.stop());
  };

  it('but fast enough gives its file, over several windows', async () => {
    expect(await fetch(30, { idleMs: 250, windowMs: 250 })).toHaveLength(body.length);
  });

  it('may pause for as long as it may be silent', async () => {
    expect(await fetch(30, { idleMs: 10_000, windowMs: 10 })).toHaveLength(body.length);
  });

  it('gives a small file in its own time: the first window is not over', async () => {
    expect(await fetch(20, { idleMs: 250 })).toHaveLength(body.length);
  });
});

describe('a proxy for https', () => {
  const refused = /^proxy 127\.0\.0\.1:\d+: refused to connect to pictures\.example:443 \(status \d+\)$/;
  const proxies: Record<string, Oddity> = {
    'that answers 101': { speak: (socket) => socket.write(upgrade), message: refused },
    'that answers 100 and nothing more': {
      speak: (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      message: refused,
    },
    'that refuses with a body': {
      speak: (socket) => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
      message: refused,
    },
    'that closes the connection': {
      speak: (socket) => socket.end(),
      message: /connection reset \(ECONNRESET\)$/,
    },
    'that closes the tunnel': {
      speak: (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'),
      message: /connection reset \(ECONNRESET\)$/,
    },
    'that says something else in the tunnel': {
      speak: (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
      message: /pictures\.example\/a\.jpg: /,
    },
    'that opens the tunnel and is silent': {
      speak: (socket) => socket.write('HTTP/1.1 201 Created\r\n\r\n'),
      message: /no data for 0\.4 s$/,
    },
    'that never answers': { speak: () => {}, message: /no data for 0\.4 s$/ },
  };
  it.each(Object.entries(proxies))('%s', async (_title, { speak, message }) => {
    const proxy = new RawServer(speak);
    const before = process.env;
    process.env = { HTTPS_PROXY: `http://${await proxy.start()}` };
    try {
      const fetched = fetchPicture('https://pictures.example/a.jpg', new AbortController().signal, limits);
      await expect(fetched).rejects.toMatchObject({ code: 'not-fetched', message: expect.stringMatching(message) });
    } finally {
      process.env = before;
      await proxy.stop();
    }
  });
});

describe('the command, where a server answers 101', () => {
  let server: RawServer;
  let address: string;
  beforeEach(async () => {
    server = new RawServer((socket) => socket.end(upgrade));
    address = `http://${await server.start()}/picture.jpg`;
    return () => server.stop();
  });

  it('classify has a row for every input, and an exit code', async () => {
    const args = ['classify', '--allow-url', '--format', 'jsonl', address, 'test/photos/alps.jpg'];
    const { stdout, stderr, code } = await mobilenetBeside(args, { NO_PROXY: '*' });
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ file, error }) => [file, error?.code])).toEqual([
      [address, 'not-fetched'],
      ['test/photos/alps.jpg', undefined],
    ]);
    expect(stderr).toContain('the server answered 101 Switching Protocols');
    expect(code).toBe(1);
    const alone = await mobilenetBeside(['classify', '--allow-url', address], { NO_PROXY: '*' });
    expect(alone.code).toBe(3);
  });

  it('pull ends', async () => {
    const { stderr, code } = await mobilenetBeside(['pull', 'mobilenet_v1', '--from', address], {
      NO_PROXY: '*',
      MOBILENET_HOME: join(tmpdir(), 'mobilenet-never-written'),
    });
    expect(stderr).toMatch(/picture\.jpg: the server answered 101 Switching Protocols$/m);
    expect(code).toBe(4);
    expect(server.asked).toBe(1);
  });
});
