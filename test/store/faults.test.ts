import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/errors.js';
import type { CatalogEntry } from '../../src/store/catalog.js';
import { realDisk } from '../../src/store/disk.js';
import { findInstalled, isIntact, verifyModels } from '../../src/store/installed.js';
import { type PullOptions, pullEntry } from '../../src/store/pull-entry.js';
import { accept, makeEntry } from './entry.js';
import { type Handler, makeFile, serve, sha256, TestServer } from './server.js';

const file = makeFile();
const html = '<!DOCTYPE html>\n<html><body>Sign in</body></html>'.padEnd(5000);

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mobilenet-store-'));
  return () => rm(home, { recursive: true });
});

let paths = 0;
const at = (handler: Handler) => server.on(`/${++paths}/model.tflite`, handler);

const limits = { attempts: 2, backoffMs: 1, idleMs: 5_000, totalMs: 20_000 };
const pull = (entry: CatalogEntry, options: PullOptions = {}) =>
  pullEntry(entry, (fetched) => accept(fetched, entry), { home, env: {}, limits, ...options });

/** Every file of the store, with its path. */
function listFiles(): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)))
    .sort();
}

async function fault(promise: Promise<unknown>): Promise<ModelError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect((error as ModelError).exitCode).toBe(4);
  expect((error as ModelError).message).not.toMatch(/\n/);
  return error as ModelError;
}

interface Misbehaviour {
  readonly handler: Handler;
  readonly message: RegExp;
  readonly fields?: Partial<CatalogEntry>;
  readonly limits?: Partial<typeof limits>;
  /** How often the address is asked; 1 where nothing is said. */
  readonly asked?: number;
}

const send =
  (status: number, headers: Record<string, string | number>, body: string | Uint8Array = ''): Handler =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

const cases: Record<string, Misbehaviour> = {
  '404': { handler: send(404, {}), message: /model\.tflite: the server answered 404 Not Found$/ },
  '403': { handler: send(403, {}), message: /answered 403 Forbidden$/ },
  '500 again and again': { handler: send(500, {}), message: /answered 500 Internal Server Error/, asked: 2 },
  '304 that nobody asked for': { handler: send(304, {}), message: /answered 304/ },
  'a web page': {
    handler: send(200, { 'Content-Type': 'text/html; charset=utf-8' }, html),
    message: /model\.tflite: a web page \(text\/html\), expected a model$/,
  },
  'a web page that says it is none': {
    handler: send(200, { 'Content-Type': 'application/octet-stream' }, html),
    message: /: a web page, expected a model$/,
  },
  'a pointer of Git LFS': {
    handler: send(200, {}, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 14246826\n'),
    message: /: a Git LFS pointer, expected tflite$/,
  },
  'a file of another kind': { handler: send(200, {}, gzipSync(file)), message: /: a tgz, expected tflite$/ },
  'an empty file': { handler: send(200, { 'Content-Length': 0 }), message: /: an empty file, expected tflite$/ },
  'a compressed answer': {
    handler: send(200, { 'Content-Encoding': 'gzip' }, gzipSync(file)),
    message: /: sent as gzip, expected the file without encoding$/,
  },
  'a wrong hash': {
    handler: serve(file),
    fields: { hash: { algorithm: 'sha256', value: '0'.repeat(64) } },
    message: new RegExp(`: sha-256 ${sha256(file)}, expected 0{64}$`),
  },
  'a wrong MD5': {
    handler: serve(file),
    fields: { hash: { algorithm: 'md5', value: '0'.repeat(32) } },
    message: /: MD5 [0-9a-f]{32}, expected 0{32}$/,
  },
  'a wrong start of the hash': {
    handler: serve(file),
    fields: { hash: { algorithm: 'sha256-prefix', value: '00000000' } },
    message: /: sha-256 [0-9a-f]{64}, expected 00000000$/,
  },
  'a body that always ends too soon': {
    // No ETag: each try starts over.
    handler: (_request, response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      response.write(file.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
    },
    message: new RegExp(`: the transfer ended after \\d+ bytes, expected ${file.length}$`),
    asked: 2,
  },
  'a body of unknown length that ends too soon': {
    handler: (_request, response) => {
      response.writeHead(200, { Connection: 'close' });
      response.end(file.subarray(0, 1000));
    },
    fields: { bytes: file.length },
    message: new RegExp(`: the transfer ended after 1000 bytes, expected ${file.length}$`),
    asked: 2,
  },
  'a server that never answers': {
    handler: () => {},
    limits: { idleMs: 100 },
    message: /: no data for 0\.1 s$/,
    asked: 2,
  },
  'a server that stops in the middle': {
    handler: (_request, response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      response.write(file.subarray(0, 5000));
    },
    limits: { idleMs: 100 },
    message: /: no data for 0\.1 s$/,
    asked: 2,
  },
  'a server that sends a byte now and then': {
    handler: (_request, response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      const timer = setInterval(() => response.write(file.subarray(0, 1)), 10);
      response.on('close', () => clearInterval(timer));
    },
    limits: { totalMs: 300 },
    message: /: download not complete after 0\.3 s$/,
  },
  'a redirect to itself': {
    handler: (request, response) => response.writeHead(302, { Location: request.url! }).end(),
    message: /: redirect loop$/,
  },
  'a redirect to a file': {
    handler: send(302, { Location: 'file:///etc/passwd' }),
    message: /: unsupported protocol file, expected http:\/\/ or https:\/\/$/,
  },
  'a redirect to nowhere': {
    handler: send(302, { Location: 'http://[' }),
    message: /: not a valid URL, expected http/,
  },
  'a body longer than the catalog says': {
    handler: serve(file),
    fields: { bytes: 1000 },
    message: new RegExp(`: ${file.length} bytes, expected 1000$`),
  },
  'a body that claims too much': {
    handler: (_request, response) => response.writeHead(200, { 'Content-Length': 1e12 }).flushHeaders(),
    message: /: 1000000000000 bytes, expected at most 268435456$/,
  },
  'a body without an end': {
    handler: (_request, response) => {
      const more = () => {
        while (response.writable && response.write(file));
      };
      response.on('drain', more);
      more();
    },
    fields: { bytes: 500_000 },
    message: /: more than the expected 500000 bytes$/,
  },
  'a reset connection': {
    handler: (request) => request.socket.resetAndDestroy(),
    message: /: connection reset \(ECONNRESET\)$/,
    asked: 2,
  },
};

describe('each way in which a server misbehaves has its sentence, and leaves the store as it was', () => {
  it.each(Object.entries(cases))('%s', async (_title, { handler, message, fields = {}, limits: own, asked = 1 }) => {
    const good = makeEntry([at(serve(file))], { name: 'good' });
    await pull(good);
    const before = listFiles();

    const address = at(handler);
    const path = new URL(address).pathname;
    const entry = makeEntry([address], fields);
    const error = await fault(pull(entry, { limits: { ...limits, ...own } }));

    expect(error.message).toMatch(message);
    expect(server.asked(path)).toHaveLength(asked);
    expect(listFiles()).toEqual(before);
    expect(await verifyModels(home)).toEqual([{ name: 'good', problem: null }]);
    expect(findInstalled({ model: entry.name }, home)).toBeUndefined();
  });

  it('a long chain of redirects', async () => {
    const addresses = Array.from({ length: 15 }, (_, index) => `/chain/${index}`);
    for (const [index, path] of addresses.entries()) {
      server.on(path, send(302, { Location: addresses[index + 1] ?? '/nowhere' }));
    }
    const error = await fault(pull(makeEntry([`${server.origin}/chain/0`])));
    expect(error.message).toMatch(/\/chain\/0: more than 10 redirects$/);
    expect(listFiles()).toEqual([]);
  });

  it('a port where nobody listens', async () => {
    const error = await fault(pull(makeEntry(['http://127.0.0.1:9/model.tflite'])));
    expect(error.message).toMatch(/: connection refused \(ECONNREFUSED\)$/);
    expect(listFiles()).toEqual([]);
  });

  it('a server that does not speak HTTP', async () => {
    const garbage = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('220 ready\r\n\r\n');
    });
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve));
    const { port } = garbage.address() as { port: number };
    const error = await fault(pull(makeEntry([`http://127.0.0.1:${port}/model.tflite`])));
    garbage.close();
    expect(error.message).toMatch(/: HPE_\w+$/);
    expect(listFiles()).toEqual([]);
  });

  it('what an address holds besides host and path is not told', async () => {
    const address = at(send(403, {}));
    const secret = address.replace('http://', 'http://user:pass@').concat('?signature=1');
    server.on(new URL(secret).pathname.concat('?signature=1'), send(403, {}));
    const error = await fault(pull(makeEntry([secret])));
    expect(error.message).not.toMatch(/user|pass|signature/);
  });
});

describe('a full disk', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('%s in the middle of a download', async (code) => {
    await pull(makeEntry([at(serve(file))], { name: 'good' }));
    const before = listFiles();
    const disk = {
      ...realDisk,
      write: async (...[handle, bytes, position]: Parameters<typeof realDisk.write>) => {
        if (position + bytes.length > 100_000) {
          throw Object.assign(new Error(`${code}: write`), { code, syscall: 'write' });
        }
        await realDisk.write(handle, bytes, position);
      },
    };
    const error = await fault(pull(makeEntry([at(serve(file))]), { disk }));
    expect(error.code).toBe('store-full');
    expect(error.message).toMatch(new RegExp(`disk full \\(${code}\\); free some space$`));
    expect(listFiles()).toEqual(before);
    expect(await verifyModels(home)).toEqual([{ name: 'good', problem: null }]);
  });

  it.each([0, 1, 2, 3, 4, 5])('at write %i: all is installed, or nothing is', async (last) => {
    let writes = 0;
    const disk = {
      ...realDisk,
      write: async (...args: Parameters<typeof realDisk.write>) => {
        if (writes++ === last) throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', syscall: 'write' });
        await realDisk.write(...args);
      },
    };
    const entry = makeEntry([at(serve(file.subarray(0, 5000)))]);
    const error = await pull(entry, { disk }).then(
      () => undefined,
      (reason: ModelError) => reason,
    );
    const installed = findInstalled({ model: entry.name }, home);
    if (error) expect(error.code).toBe('store-full');
    if (installed) expect(await isIntact(installed, home)).toBe(true);
    expect(listFiles().filter((name) => /\.(tmp|part|source|lock)$/.test(name))).toEqual([]);
    // With room again everything goes well.
    const again = await pull(entry);
    expect(await isIntact(again.model, home)).toBe(true);
  });

  it('a folder that cannot be made', async () => {
    const blocked = join(home, 'file');
    await import('node:fs/promises').then(({ writeFile }) => writeFile(blocked, ''));
    const error = await fault(pull(makeEntry([at(serve(file))]), { home: join(blocked, 'store') }));
    expect(error.code).toBe('store');
    expect(error.message).toMatch(/cannot be written \((ENOTDIR|EEXIST|ENOENT)\); set MOBILENET_HOME to/);
    expect(await readFile(blocked, 'utf8')).toBe('');
  });
});
