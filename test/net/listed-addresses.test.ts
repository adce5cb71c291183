import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fetchPicture } from '../../src/net/fetch-picture.js';
import { mobilenetBeside } from '../cli/async-run.js';
import { root } from '../cli/run.js';

const photo = join(root, 'test/photos/alps.jpg');
const image = readFileSync(photo);
/** What the server does at the first, second … request of a path; the last also for further ones. */
const answers: Record<string, ((response: ServerResponse) => void)[]> = {
  '/good.jpg': [(response) => response.end(image)],
  '/busy.jpg': [
    (response) => response.writeHead(503, { 'Retry-After': '1' }).end(),
    (response) => response.writeHead(429).end(),
    (response) => response.end(image),
  ],
  '/broken.jpg': [
    (response) => {
      response.writeHead(200, { 'Content-Length': image.length });
      response.write(image.subarray(0, 1000), () => response.destroy());
    },
    (response) => response.end(image),
  ],
  '/down.jpg': [(response) => response.writeHead(500).end()],
  '/gone.jpg': [(response) => response.writeHead(404).end()],
};
const requests: string[] = [];
const server = createServer((request, response) => {
  const path = request.url!.replace(/\?.*/, '');
  const steps = answers[path]!;
  const before = requests.filter((each) => each === path).length;
  requests.push(path);
  steps[Math.min(before, steps.length - 1)]!(response);
});
let base: string;
let folder: string;
beforeAll(async () => {
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-addresses-'));
});
beforeEach(() => {
  requests.length = 0;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('addresses in a list', () => {
  const classify = async (names: readonly string[], ...options: string[]) => {
    const list = join(folder, 'list.txt');
    writeFileSync(list, names.map((name) => `${name}\n`).join(''));
    const args = ['classify', '--files-from', list, '--format', 'jsonl', '--top', '1', ...options];
    const { stdout, stderr, code } = await mobilenetBeside(args, { NO_PROXY: '*' });
    const rows = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return { rows: rows.map((row) => [row.file, row.error?.code ?? row.predictions[0].label]), stderr, code };
  };

  it('are downloaded beside files, in order, and passing errors are tried again', async () => {
    const names = ['/broken.jpg?signature=1', '/gone.jpg', '/busy.jpg', '/good.jpg'].map((path) => base + path);
    const { rows, code } = await classify([...names, photo], '--allow-url');
    expect(code).toBe(1);
    expect(rows).toEqual([
      [names[0], 'alp'],
      [names[1], 'not-fetched'],
      [names[2], 'alp'],
      [names[3], 'alp'],
      [photo, 'alp'],
    ]);
    expect(requests.toSorted()).toEqual([
      ...['/broken.jpg', '/broken.jpg', '/busy.jpg', '/busy.jpg', '/busy.jpg', '/gone.jpg', '/good.jpg'],
    ]);
  });

  it('are errors where that is not allowed', async () => {
    const { rows, stderr, code } = await classify([`${base}/good.jpg`, photo]);
    expect({ rows, code }).toEqual({
      rows: [
        [`${base}/good.jpg`, 'not-fetched'],
        [photo, 'alp'],
      ],
      code: 1,
    });
    expect(stderr).toContain(`${base}/good.jpg: is a URL; add --allow-url to download it`);
    expect(requests).toEqual([]);
  });
});

describe('a download of a picture', () => {
  const limits = { idleMs: 5000, attempts: 3, backoffMs: 1 };

  it('gives up after three tries', async () => {
    const fetched = fetchPicture(`${base}/down.jpg`, new AbortController().signal, limits);
    await expect(fetched).rejects.toMatchObject({ code: 'not-fetched', message: expect.stringContaining('500') });
    expect(requests).toHaveLength(3);
  });

  it('does not ask again for what is not there', async () => {
    await expect(fetchPicture(`${base}/gone.jpg`, new AbortController().signal, limits)).rejects.toThrow('404');
    expect(requests).toHaveLength(1);
  });

  it('waits no longer once nobody wants it', async () => {
    const until = new AbortController();
    const fetched = fetchPicture(`${base}/down.jpg`, until.signal, { ...limits, backoffMs: 60_000 });
    setTimeout(() => until.abort(), 100);
    await expect(fetched).rejects.toMatchObject({ code: 'not-fetched' });
    expect(requests).toHaveLength(1);
  });
});
