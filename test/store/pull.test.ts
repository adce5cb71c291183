import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../src/store/catalog.js';
import { findInstalled, isIntact, readInstalledWeights, verifyModels, weightsPath } from '../../src/store/installed.js';
import { type PullOptions, pullEntry } from '../../src/store/pull-entry.js';
import { accept, makeEntry } from './entry.js';
import { makeFile, serve, sha256, TestServer } from './server.js';

const file = makeFile();
const hash = { algorithm: 'sha256' as const, value: sha256(file) };

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
const newPath = () => `/${++paths}/model.tflite`;
const limits = { attempts: 4, backoffMs: 1, idleMs: 10_000, totalMs: 60_000 };
const pull = (entry: CatalogEntry, options: PullOptions = {}) =>
  pullEntry(entry, (fetched) => accept(fetched, entry), { home, env: {}, limits, ...options });

function listFiles(): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)))
    .sort();
}

describe('a download', () => {
  it('is installed under its hash, with a record of where it came from', async () => {
    const address = server.on(newPath(), serve(file));
    const progress: number[] = [];
    const entry = makeEntry([address], { hash, bytes: file.length });
    const { model, fetched } = await pull(entry, { onProgress: ({ received }) => progress.push(received) });
    expect(fetched).toBe(true);
    expect(model.weights).toEqual({ bytes: file.length, sha256: hash.value });
    expect(model.origin).toMatchObject({ bytes: file.length, sha256: hash.value, hash: 'published' });
    expect(progress.at(0)).toBe(0);
    expect(progress.at(-1)).toBe(file.length);
    expect(listFiles()).toEqual([join('blobs', `${hash.value}.tflite`), join('models', entry.name, 'model.json')]);
    expect(findInstalled({ model: 'mobilenet_v1', alpha: 0.25 }, home)).toEqual(model);
    expect(readInstalledWeights(model, home)).toEqual(file);
  });

  it('is not repeated, unless forced', async () => {
    const path = newPath();
    const entry = makeEntry([server.on(path, serve(file))], { hash });
    await pull(entry);
    expect((await pull(entry)).fetched).toBe(false);
    expect(server.asked(path)).toHaveLength(1);
    expect((await pull(entry, { force: true })).fetched).toBe(true);
    expect(server.asked(path)).toHaveLength(2);
  });

  it('is made up again where the stored file is damaged', async () => {
    const path = newPath();
    const entry = makeEntry([server.on(path, serve(file))], { hash });
    const { model } = await pull(entry);
    await truncate(weightsPath(model, home), 100);
    expect((await verifyModels(home))[0]!.problem).toMatch(/damaged or absent/);
    expect((await pull(entry)).fetched).toBe(true);
    expect(await verifyModels(home)).toEqual([{ name: entry.name, problem: null }]);
  });

  it('goes on after a broken connection, from where it broke', async () => {
    const path = newPath();
    const address = server.on(path, (request, response, count) =>
      serve(file, count < 3 ? { cut: 60_000 } : {})(request, response, count),
    );
    const { model } = await pull(makeEntry([address], { hash }));
    expect(model.weights.sha256).toBe(hash.value);
    const [first, second, third] = server.asked(path);
    expect(first).toMatchObject({ range: undefined, ifRange: undefined });
    expect(second).toMatchObject({ range: expect.stringMatching(/^bytes=\d+-$/), ifRange: `"${hash.value}"` });
    const start = (range: string | undefined) => Number(/\d+/.exec(range!));
    expect(start(second!.range)).toBeGreaterThan(0);
    expect(start(third!.range)).toBeGreaterThan(start(second!.range));
  });

  it('starts over where the file has changed meanwhile', async () => {
    const other = makeFile(150_000, 2);
    const path = newPath();
    const address = server.on(path, (request, response, count) =>
      (count === 1 ? serve(file, { cut: 60_000 }) : serve(other))(request, response, count),
    );
    const { model } = await pull(makeEntry([address]));
    expect(model.weights.sha256).toBe(sha256(other));
    expect(server.asked(path)[1]!.range).toBeDefined();
  });

  it('starts over where the server knows no ranges', async () => {
    const path = newPath();
    const address = server.on(path, (_request, response, count) => {
      response.writeHead(200, { ETag: '"1"', 'Content-Length': file.length });
      if (count === 1) response.write(file.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(file);
    });
    expect((await pull(makeEntry([address], { hash }))).model.weights.sha256).toBe(hash.value);
  });

  it('asks for no range where nothing tells one version from another', async () => {
    const path = newPath();
    const address = server.on(path, (_request, response, count) => {
      response.writeHead(200, { ETag: 'W/"weak"', 'Content-Length': file.length });
      if (count === 1) response.write(file.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(file);
    });
    expect((await pull(makeEntry([address]))).model.weights.sha256).toBe(hash.value);
    expect(server.asked(path)[1]!.range).toBeUndefined();
  });

  it.each([
    ['another range than asked for', 206, { 'Content-Range': 'bytes 7-8/9' }],
    ['no range at all', 206, {}],
    ['no such range', 416, { 'Content-Range': 'bytes */9' }],
  ])('starts over at an answer with %s', async (_title, status, headers) => {
    const path = newPath();
    const address = server.on(path, (request, response, count) => {
      if (count === 1) serve(file, { cut: 60_000 })(request, response, count);
      else if (request.headers.range) response.writeHead(status, headers).end('xx');
      else serve(file)(request, response, count);
    });
    expect((await pull(makeEntry([address], { hash }))).model.weights.sha256).toBe(hash.value);
    expect(server.asked(path).at(-1)!.range).toBeUndefined();
  });

  it('is tried again after 503 and 429, as late as the server asks', async () => {
    const path = newPath();
    const address = server.on(path, (request, response, count) => {
      if (count === 1) response.writeHead(503).end();
      else if (count === 2) response.writeHead(429, { 'Retry-After': '0' }).end();
      else serve(file)(request, response, count);
    });
    expect((await pull(makeEntry([address]))).fetched).toBe(true);
    expect(server.asked(path)).toHaveLength(3);
  });

  it('follows redirects', async () => {
    const path = newPath();
    const target = server.on(newPath(), serve(file));
    const hop = server.on(newPath(), (_request, response) => response.writeHead(307, { Location: target }).end());
    const address = server.on(path, (_request, response) =>
      response.writeHead(301, { Location: new URL(hop).pathname }).end(),
    );
    expect((await pull(makeEntry([address], { hash }))).model.origin.sha256).toBe(hash.value);
  });

  it('takes the next mirror where one has nothing, or the wrong file', async () => {
    const wrong = server.on(newPath(), serve(makeFile(1000, 3)));
    const right = server.on(newPath(), serve(file));
    const { model } = await pull(makeEntry([`${server.origin}/none`, wrong, right], { hash }));
    expect(model.origin.sha256).toBe(hash.value);
  });

  it('tells of every mirror where all fail', async () => {
    const wrong = server.on(newPath(), serve(makeFile(1000, 3)));
    const entry = makeEntry([`${server.origin}/none`, wrong], { hash });
    await expect(pull(entry)).rejects.toThrow(/\/none: the server answered 404.*; http.*: sha-256 /);
    expect(listFiles()).toEqual([]);
  });

  it('whose file is refused leaves nothing behind', async () => {
    const entry = makeEntry([server.on(newPath(), serve(file))]);
    const refuse = () => Promise.reject(new Error('not this one'));
    await expect(pullEntry(entry, refuse, { home, env: {}, limits })).rejects.toThrow('not this one');
    expect(listFiles()).toEqual([]);
  });
});

describe('a file without a published hash', () => {
  it('is the one to expect from then on', async () => {
    const path = newPath();
    const address = server.on(path, serve(file));
    const entry = makeEntry([address]);
    const { model } = await pull(entry);
    expect(model.origin.hash).toBe('first-seen');
    expect(JSON.parse(await readFile(join(home, 'seen', `${entry.name}.json`), 'utf8'))).toMatchObject({
      address,
      bytes: file.length,
      sha256: hash.value,
    });
    const before = listFiles();
    await rm(weightsPath(model, home));
    const other = makeFile(1000, 2);
    server.on(path, serve(other));
    await expect(pull(entry)).rejects.toThrow(
      new RegExp(`: sha-256 ${sha256(other)}, expected ${hash.value}, that of the first download .*--force`),
    );
    expect(listFiles()).toEqual(before.filter((name) => !name.startsWith('blobs')));
    expect((await pull(entry, { force: true })).model.weights.sha256).toBe(sha256(other));
    expect((await pull(entry, { force: true })).model.weights.sha256).toBe(sha256(other));
  });
});

describe('--from', () => {
  it('takes a file of the user’s, which a published hash has to fit', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mobilenet-from-'));
    const path = join(folder, 'mine.tflite');
    await writeFile(path, file);
    const entry = makeEntry([`${server.origin}/none`], { hash });
    const { model } = await pull(entry, { from: path });
    expect(model.origin).toEqual({ address: 'mine.tflite', bytes: file.length, sha256: hash.value, hash: 'published' });
    await writeFile(path, makeFile(1000, 2));
    await expect(pull(entry, { from: path, force: true })).rejects.toThrow(/mine\.tflite: sha-256 .*, expected/);
    await expect(pull(entry, { from: join(folder, 'none'), force: true })).rejects.toThrow(/none: no such file$/);
    await expect(pull(entry, { from: folder, force: true })).rejects.toThrow(/: not a regular file$/);
    await writeFile(path, 'hello');
    await expect(pull(entry, { from: path, force: true })).rejects.toThrow(/an unknown kind of file, expected tflite$/);
    await writeFile(path, '');
    await expect(pull(entry, { from: path, force: true })).rejects.toThrow(/an empty file, expected tflite$/);
    expect(await isIntact(model, home)).toBe(true);
    await rm(folder, { recursive: true });
  });

  it('takes an address', async () => {
    const from = server.on(newPath(), serve(file));
    expect((await pull(makeEntry([`${server.origin}/none`], { hash }), { from })).model.origin.address).toBe(
      'model.tflite',
    );
  });
});

/** Runs `child.ts` beside this process. */
function start(entry: CatalogEntry): { child: ChildProcess; done: Promise<string>; isWaiting: () => boolean } {
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  const args = ['--import', 'tsx', script, home, JSON.stringify(entry), JSON.stringify({ limits })];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += chunk;
  });
  return {
    child,
    done: new Promise((resolve) => child.once('close', () => resolve(text.replace('waiting\n', '')))),
    isWaiting: () => text.includes('waiting'),
  };
}

describe('several processes', () => {
  it('that pull the same model at once: one fetches, both have it', async () => {
    const path = newPath();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const address = server.on(path, (request, response, count) => {
      released.then(() => serve(file)(request, response, count));
    });
    const entry = makeEntry([address]);
    const first = start(entry);
    const second = start(entry);
    // One asks, the other waits for it; or else both ask.
    const busy = () => server.asked(path).length + [first, second].filter(({ isWaiting }) => isWaiting()).length;
    while (busy() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    release();
    const results = (await Promise.all([first.done, second.done])).map((text) => JSON.parse(text));
    expect(results.map(({ sha256: found }) => found)).toEqual([hash.value, hash.value]);
    expect(results.map(({ fetched }) => fetched).sort()).toEqual([false, true]);
    expect(server.asked(path)).toHaveLength(1);
    expect(listFiles()).toEqual([
      join('blobs', `${hash.value}.tflite`),
      join('models', entry.name, 'model.json'),
      join('seen', `${entry.name}.json`),
    ]);
  });

  it('killed in the middle: nothing is installed, and the next goes on from there', async () => {
    const path = newPath();
    const half = 120_000;
    const address = server.on(path, (request, response, count) => {
      if (count > 1) return serve(file)(request, response, count);
      response.writeHead(200, { ETag: `"${hash.value}"`, 'Content-Length': file.length });
      response.write(file.subarray(0, half));
    });
    const entry = makeEntry([address]);
    const { child, done } = start(entry);
    const downloads = join(home, 'downloads');
    const received = async (): Promise<number> => {
      const names = readdirSync(home).includes('downloads') ? readdirSync(downloads) : [];
      const part = names.find((name) => name.endsWith('.part'));
      return part ? (await readFile(join(downloads, part))).length : 0;
    };
    while ((await received()) < half) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGKILL');
    await done;
    expect(findInstalled({ model: entry.name }, home)).toBeUndefined();
    expect(listFiles().some((name) => name.endsWith('.lock'))).toBe(true);

    const { model } = await pull(entry);
    expect(model.weights.sha256).toBe(hash.value);
    expect(server.asked(path)[1]).toMatchObject({ range: `bytes=${half}-`, ifRange: `"${hash.value}"` });
    expect(listFiles().filter((name) => name.startsWith('downloads'))).toEqual([]);
  });

  it('that died without a trace of where its bytes are from: the next starts over', async () => {
    const path = newPath();
    const entry = makeEntry([server.on(path, serve(file))]);
    const { createHash } = await import('node:crypto');
    const { hostname } = await import('node:os');
    const key = createHash('sha256').update(entry.name).digest('hex').slice(0, 16);
    await mkdir(join(home, 'downloads'), { recursive: true });
    const left = join(home, 'downloads', `${key}.${hostname().replace(/\W/g, '_').slice(0, 40)}-999999999-abc.part`);
    await writeFile(left, 'half of something else');
    expect((await pull(entry)).model.weights.sha256).toBe(hash.value);
    expect(server.asked(path)[0]!.range).toBeUndefined();
    expect(listFiles().filter((name) => name.startsWith('downloads'))).toEqual([]);
  });
});

/** A tar archive of one block of headers for each member. */
function tar(members: readonly { name: string; data?: Uint8Array; type?: string; size?: number }[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { name, data = new Uint8Array(), type = '0', size = data.length } of members) {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, 'latin1');
    header.write('0000644\0', 100);
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(header, Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe('an archive', () => {
  const member = 'model.tflite';
  const read = async (bytes: Uint8Array, most?: number) => {
    const { readArchiveMember } = await import('../../src/archives/tar.js');
    const path = join(home, 'archive.tgz');
    await writeFile(path, bytes);
    return readArchiveMember(path, member, 'archive.tgz', most);
  };

  it('gives the one file that is wanted', async () => {
    const others = { name: './model.ckpt', data: makeFile(100_000, 5) };
    expect(await read(tar([others, { name: `./${member}`, data: file }]))).toEqual(file);
    expect(await read(tar([{ name: 'model.ckpt.meta', type: '5' }, { name: member, data: file }, others]))).toEqual(
      file,
    );
  });

  it.each([
    ['no such file', tar([{ name: 'other.tflite', data: file }]), /archive\.tgz: no model\.tflite in it/],
    ['a path that leaves the folder', tar([{ name: `../${member}`, data: file }]), /: no model\.tflite in it/],
    ['an absolute path', tar([{ name: `/${member}`, data: file }]), /: no model\.tflite in it/],
    ['a symbolic link of that name', tar([{ name: member, type: '2' }]), /: model\.tflite is a link, expected a file/],
    ['a hard link of that name', tar([{ name: member, type: '1' }]), /: model\.tflite is a link, expected a file/],
    ['a file of no bytes', tar([{ name: member }]), /: model\.tflite of 0 bytes, expected 1 to/],
    ['a file too large', tar([{ name: member, size: 2 ** 32 }]), /: model\.tflite of 4294967296 bytes, expected 1 to/],
    ['a file cut off', tar([{ name: member, data: file }]).subarray(0, 1000), /: the gzip data end early/],
    ['a file shorter than its header says', tar([{ name: member, data: file, size: 1e6 }]), /: the archive ends after/],
    ['no archive inside', gzipSync(makeFile(5000, 7)), /: not a tar archive/],
    ['no archive at all', file, /: damaged gzip data \(incorrect header check\)/],
  ])('with %s is refused', async (_title, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'archive', message: expect.stringMatching(message) });
  });

  it('that unpacks without an end is given up', async () => {
    const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(20_000);
    await expect(read(bomb, 8 * 1024 * 1024)).rejects.toThrow(/: more than 8388608 bytes when unpacked/);
  });
});
