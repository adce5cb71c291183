import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/net/proxy.js';
import { pullEntry } from '../../src/store/pull-entry.js';
import { accept, makeEntry } from '../store/entry.js';
import { TestProxy } from '../store/proxy-server.js';
import { makeFile, serve, sha256, TestServer } from '../store/server.js';

const file = makeFile(50_000);
const limits = { attempts: 1, backoffMs: 1, idleMs: 10_000, totalMs: 60_000 };

describe('proxyFor', () => {
  const cases: [string, Record<string, string>, string | undefined][] = [
    ['http://a.example/x', {}, undefined],
    ['http://a.example/x', { HTTP_PROXY: 'http://p:1' }, 'http://p:1/'],
    ['https://a.example/x', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['https://a.example/x', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1/'],
    ['https://a.example/x', { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:2' }, 'http://q:2/'],
    ['https://a.example/x', { ALL_PROXY: 'https://p:1' }, 'https://p:1/'],
    ['https://a.example/x', { HTTPS_PROXY: 'p.example:8080' }, 'http://p.example:8080/'],
    ['https://a.example/x', { HTTPS_PROXY: '' }, undefined],
    ['https://a.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    ['https://a.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'b.example, a.example' }, undefined],
    ['https://a.example/x', { HTTPS_PROXY: 'http://p:1', no_proxy: '.example' }, undefined],
    ['https://A.Example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.EXAMPLE' }, undefined],
    ['https://ba.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example' }, 'http://p:1/'],
    ['https://a.example/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example:443' }, undefined],
    ['https://a.example:8443/x', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example:443' }, 'http://p:1/'],
    ['http://[::1]/x', { HTTP_PROXY: 'http://p:1', NO_PROXY: '::1' }, undefined],
    ['http://127.0.0.1:80/x', { HTTP_PROXY: 'http://p:1', NO_PROXY: 'localhost,127.0.0.1' }, undefined],
  ];
  it.each(cases)('%s with %j', (address, env, expected) => {
    expect(proxyFor(new URL(address), env)?.href).toBe(expected);
  });

  it('refuses what is no http proxy', () => {
    expect(() => proxyFor(new URL('http://a/'), { HTTP_PROXY: 'socks5://p:1' })).toThrow(
      /^proxy: unsupported protocol socks5, expected http:\/\/ or https:\/\/$/,
    );
  });
});

describe('a download through a proxy', () => {
  let server: TestServer;
  let home: string;
  const proxies: TestProxy[] = [];
  const startProxy = async (refuseTunnels = false) => {
    const proxy = new TestProxy(refuseTunnels);
    proxies.push(proxy);
    return { proxy, place: await proxy.start() };
  };
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'mobilenet-proxy-'));
    return () => rm(home, { recursive: true });
  });
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.stop();
  });

  it('of plain http asks the proxy for the whole address, with its user and password', async () => {
    const { proxy, place } = await startProxy();
    const address = server.on('/plain/model.tflite', serve(file));
    const entry = makeEntry([address]);
    const env = { HTTP_PROXY: `http://us%40er:secret@${place}` };
    const { model } = await pullEntry(entry, (fetched) => accept(fetched, entry), { home, env, limits });
    expect(model.weights.sha256).toBe(sha256(file));
    expect(proxy.seen).toEqual([`GET ${address}`]);
    expect(proxy.credentials).toEqual([`Basic ${Buffer.from('us@er:secret').toString('base64')}`]);
  });

  it('goes past it where NO_PROXY says so', async () => {
    const { proxy, place } = await startProxy();
    const entry = makeEntry([server.on('/direct/model.tflite', serve(file))]);
    const env = { HTTP_PROXY: `http://${place}`, NO_PROXY: '127.0.0.1' };
    await pullEntry(entry, (fetched) => accept(fetched, entry), { home, env, limits });
    expect(proxy.seen).toEqual([]);
  });

  it('that refuses the tunnel ends in a sentence', async () => {
    const { proxy, place } = await startProxy(true);
    const entry = makeEntry(['https://models.example/model.tflite']);
    const env = { HTTPS_PROXY: `http://${place}` };
    const pulled = pullEntry(entry, (fetched) => accept(fetched, entry), { home, env, limits });
    await expect(pulled).rejects.toMatchObject({
      exitCode: 4,
      message: `proxy ${place}: refused to connect to models.example:443 (status 407)`,
    });
    expect(proxy.seen).toEqual(['CONNECT models.example:443']);
  });

  it('that does not listen ends in a sentence', async () => {
    const entry = makeEntry(['https://models.example/model.tflite']);
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9' };
    const pulled = pullEntry(entry, (fetched) => accept(fetched, entry), { home, env, limits });
    await expect(pulled).rejects.toThrow(/connection refused \(ECONNREFUSED\)/);
  });

  describe('of https', () => {
    const golden = new URL('../golden/tls/', import.meta.url);
    const certificate = fileURLToPath(new URL('certificate.pem', golden));
    let secure: Server;
    let port: number;
    beforeAll(async () => {
      const [key, cert] = await Promise.all([readFile(new URL('key.pem', golden)), readFile(certificate)]);
      secure = createTlsServer({ key, cert }, (incoming, response) => serve(file)(incoming, response, 1));
      await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
      port = (secure.address() as AddressInfo).port;
    });
    afterAll(() => new Promise((resolve) => secure.close(resolve)));

    /** In a process of its own: what Node trusts is settled when it starts. */
    const run = (host: string, env: Record<string, string>): Promise<Record<string, unknown>> => {
      const script = fileURLToPath(new URL('../store/child.ts', import.meta.url));
      const entry = JSON.stringify(makeEntry([`https://${host}:${port}/model.tflite`]));
      const args = ['--import', 'tsx', script, home, entry, JSON.stringify({ limits, env })];
      const child = spawn(process.execPath, args, {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      return new Promise((resolve) => child.once('close', () => resolve(JSON.parse(text))));
    };

    it.each(['localhost', '127.0.0.1'])('goes through a tunnel, the certificate checked for %s', async (host) => {
      const { proxy, place } = await startProxy();
      const result = await run(host, { HTTPS_PROXY: `http://${place}`, NODE_EXTRA_CA_CERTS: certificate });
      expect(result).toEqual({ sha256: sha256(file), fetched: true });
      expect(proxy.seen).toEqual([`CONNECT ${host}:${port}`]);
    });

    it('with a certificate that nobody vouches for ends in a sentence', async () => {
      const { place } = await startProxy();
      const result = await run('localhost', { HTTPS_PROXY: `http://${place}` });
      expect(result).toEqual({
        code: 'download',
        error: `https://localhost:${port}/model.tflite: certificate not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
      });
    });

    it('goes straight there without a proxy', async () => {
      expect(await run('localhost', { NODE_EXTRA_CA_CERTS: certificate })).toMatchObject({ fetched: true });
    });
  });
});
