import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/store/catalog.js';
import { verifyModels } from '../../src/store/installed.js';
import { chooseMirror, mirrored } from '../../src/store/mirror.js';
import { pullEntry } from '../../src/store/pull-entry.js';
import { pull } from '../../src/use-cases/pull.js';
import { sharedPath } from '../shared.js';
import { accept, makeEntry } from './entry.js';
import { makeFile, serve, sha256, TestServer } from './server.js';

const limits = { attempts: 1, backoffMs: 1, idleMs: 10_000, totalMs: 60_000 };

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mobilenet-mirror-'));
  return () => rm(home, { recursive: true });
});

describe('a mirror', () => {
  it.each([
    ['https://m.example', 'https://a.example/x/y.tgz', 'https://m.example/a.example/x/y.tgz'],
    ['https://m.example/', 'http://a.example/x/y.tgz?z=1#w', 'https://m.example/a.example/x/y.tgz'],
    ['http://m.example:8080/deep/er/', 'https://a.example:444/x', 'http://m.example:8080/deep/er/a.example:444/x'],
    ['http://user:pw@m.example', 'https://a.example/a%20b', 'http://user:pw@m.example/a.example/a%20b'],
  ])('%s has %s at %s', (mirror, address, expected) => {
    expect(mirrored(address, chooseMirror(mirror, {})!)).toBe(expected);
  });

  it('is the one given, else that of the environment, else none', () => {
    const env = { MOBILENET_MIRROR: 'http://b.example' };
    expect(chooseMirror('http://a.example', env)?.host).toBe('a.example');
    expect(chooseMirror(undefined, env)?.host).toBe('b.example');
    expect(chooseMirror(undefined, { MOBILENET_MIRROR: '' })).toBeUndefined();
    expect(chooseMirror(undefined, {})).toBeUndefined();
  });

  it.each(['', 'models.example', 'ftp://m.example', 'file:///srv/models', '/srv/models', 'http://', 'http://m/?a=1'])(
    '%s is none',
    (text) => {
      expect(() => chooseMirror(text, {})).toThrow(
        expect.objectContaining({
          exitCode: 2,
          message: expect.stringMatching(/^--mirror: not the address of a mirror/),
        }),
      );
      if (text !== '') expect(() => chooseMirror(undefined, { MOBILENET_MIRROR: text })).toThrow(/^MOBILENET_MIRROR: /);
    },
  );

  it('is asked in place of the published addresses; what is kept of its address has no password', async () => {
    const file = makeFile();
    server.on('/base/models.example/deep/model.tflite', serve(file));
    const entry = makeEntry(['https://models.example/deep/model.tflite']);
    const mirror = server.origin.replace('http://', 'http://user:secret@').concat('/base/');
    const { model } = await pullEntry(entry, (fetched) => accept(fetched, entry), { home, env: {}, limits, mirror });
    expect(model.weights.sha256).toBe(sha256(file));
    expect(readFileSync(join(home, 'seen', `${entry.name}.json`), 'utf8')).toContain(
      `"${server.origin}/base/models.example/deep/model.tflite"`,
    );
  });

  it('without the file: says how it should be laid out, and asks nobody else', async () => {
    const address = server.on('/elsewhere/model.tflite', serve(makeFile()));
    const entry = makeEntry([address]);
    const env = { MOBILENET_MIRROR: `${server.origin}/mirror` };
    const pulled = pullEntry(entry, (fetched) => accept(fetched, entry), { home, env, limits });
    await expect(pulled).rejects.toMatchObject({
      code: 'download',
      message: expect.stringMatching(
        /\/mirror\/127\.0\.0\.1:\d+\/elsewhere\/model\.tflite: the server answered 404 Not Found; a mirror needs the file of https:\/\/HOST\/PATH at MIRROR\/HOST\/PATH$/,
      ),
    });
    expect(server.asked('/elsewhere/model.tflite')).toEqual([]);
  });

  it('with another file than the published one: refused', async () => {
    server.on('/models.example/model.tflite', serve(makeFile(1000, 2)));
    const hash = { algorithm: 'sha256' as const, value: sha256(makeFile()) };
    const entry = makeEntry(['https://models.example/model.tflite'], { hash });
    const options = { home, env: {}, limits, mirror: server.origin };
    await expect(pullEntry(entry, (fetched) => accept(fetched, entry), options)).rejects.toThrow(
      /sha-256 .*, expected/,
    );
  });
});

const folders = ['weights/coral_tflite', 'weights/hosted_tflite'].map((folder) => sharedPath(folder));

/** Every published file that lies beside the checkout, by its hash. */
const published = folders.flatMap((folder) =>
  folder === undefined
    ? []
    : readdirSync(folder)
        .filter((name) => name.endsWith('.tflite'))
        .map((name) => readFileSync(join(folder, name)))
        .flatMap((bytes) => {
          const value = createHash('sha256').update(bytes).digest('hex');
          const entry = readCatalog().find((each) => each.hash?.value === value);
          return entry ? [{ name: entry.name, entry, bytes, value }] : [];
        }),
);

describe('published files, from a mirror under their published paths', () => {
  it.skipIf(folders.includes(undefined))('are all TFLite files of the catalog with a SHA-256', () => {
    const wanted = readCatalog().filter(({ format, hash }) => format === 'tflite' && hash?.algorithm === 'sha256');
    expect(published.map(({ name }) => name).sort()).toEqual(wanted.map(({ name }) => name).sort());
  });

  it.skipIf(published.length === 0).each(published)(
    '$name is pulled by its hash',
    async ({ name, entry, bytes, value }) => {
      const { host, pathname } = new URL(entry.addresses[0]!);
      server.on(`/${host}${pathname}`, serve(bytes));
      const { model } = await pull({ model: name }, { home, env: { MOBILENET_MIRROR: server.origin }, limits });
      expect(model.weights).toEqual({ bytes: bytes.length, sha256: value });
      expect(model.origin).toMatchObject({ address: `${server.origin}/${host}${pathname}`, hash: 'published' });
      expect(await verifyModels(home)).toEqual([{ name, problem: null }]);
    },
  );
});
