import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkIds, networks } from '../../src/networks/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = join(root, 'examples');
const photos = join(root, 'test/photos');

/** A project that has the package, and the examples as a user copies them. */
let folder: string;
/** Those of Node.js; the folder `engines` has tests of its own. */
const scripts = () => readdirSync(examples).filter((name) => name.endsWith('.mjs'));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-examples-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/mobilenet'), 'junction');
  for (const name of scripts()) copyFileSync(join(examples, name), join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tested = new Set<string>();

function run(name: string, args: readonly string[], input?: Uint8Array) {
  tested.add(name);
  const { stdout, stderr, status } = spawnSync(process.execPath, [name, ...args], {
    cwd: folder,
    ...(input && { input }),
  });
  return { stdout: String(stdout), stderr: String(stderr), status };
}

describe('examples', () => {
  it('classify-file.mjs says what is in an image', () => {
    const { stdout, status } = run('classify-file.mjs', [join(photos, 'alps.jpg')]);
    expect(stdout).toMatch(/^\d+\.\d % alp\n(.+ % .+\n){2}decoded in /);
    expect(status).toBe(0);
    expect(run('classify-file.mjs', ['no.jpg'])).toEqual({ stdout: '', stderr: 'no.jpg: no such file\n', status: 1 });
  });

  it('find-images.mjs finds images and reports damaged ones', () => {
    const pictures = join(folder, 'pictures/inner');
    mkdirSync(pictures, { recursive: true });
    for (const name of ['alps.jpg', 'boats.jpg']) copyFileSync(join(photos, name), join(pictures, name));
    writeFileSync(join(pictures, 'damaged.png'), 'text');
    writeFileSync(join(pictures, 'notes.txt'), 'text');
    const { stdout, stderr, status } = run('find-images.mjs', ['pictures', 'alp']);
    expect(stdout).toBe(`${join('pictures/inner/alps.jpg')}\n`);
    expect(stderr).toMatch(/^pictures.inner.damaged\.png: [^\n]+\n$/);
    expect(status).toBe(1);
  });

  it('video-frames.mjs reads frames from a pipe', async () => {
    const frames = await Promise.all(
      ['alps', 'alps', 'boats', 'alps'].map((name) =>
        sharp(join(photos, `${name}.jpg`))
          .resize(320, 240, { fit: 'fill' })
          .removeAlpha()
          .raw()
          .toBuffer(),
      ),
    );
    const { stdout, stderr } = run('video-frames.mjs', ['320', '240'], Buffer.concat(frames));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^frame 0: alp \(.* %\)\nframe 2: .*\nframe 3: alp \(.* %\)\n$/);
  });

  it('cost-table.mjs has every network that has weights', () => {
    const { stdout } = run('cost-table.mjs', ['224', '160']);
    for (const id of networkIds.filter((each) => !networks[each].costOnly)) {
      expect(stdout.split(`'${networks[id].title}'`).length).toBe(3);
    }
    expect(stdout).toMatch(/'MobileNet v1'\s*│ 224\s*│ 569\s*│ 4.23/);
  });

  describe('http-server.mjs', () => {
    let server: ChildProcess;
    let address: string;
    beforeAll(async () => {
      tested.add('http-server.mjs');
      server = spawn(process.execPath, ['http-server.mjs', '0'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
      address = await new Promise((resolve) => server.stdout!.once('data', (line) => resolve(String(line).trim())));
    });
    afterAll(() => server.kill('SIGKILL'));

    it('answers with predictions, or with what is wrong', async () => {
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
      const post = (body: Uint8Array) => fetch(address, { method: 'POST', body: new Uint8Array(body) });
      const good = await post(readFileSync(join(photos, 'alps.jpg')));
      expect([good.status, (await good.json()).predictions[0].label]).toEqual([200, 'alp']);
      const bad = await post(Buffer.from('text'));
      expect([bad.status, (await bad.json()).error]).toEqual([422, expect.stringContaining('text is not supported')]);
      expect((await fetch(address)).status).toBe(405);
      const gone = new AbortController();
      const request = fetch(address, {
        method: 'POST',
        duplex: 'half',
        body: new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(10)) }),
        signal: gone.signal,
      } as RequestInit);
      setTimeout(() => gone.abort(), 50);
      await expect(request).rejects.toThrow();
      expect((await post(readFileSync(join(photos, 'boats.jpg')))).status).toBe(200);
    });

    it.skipIf(process.platform === 'win32')('ends with SIGTERM', async () => {
      const ended = new Promise((resolve) => server.once('exit', (code) => resolve(code)));
      server.kill('SIGTERM');
      expect(await ended).toBe(0);
    });
  });

  it('are all run here', () => {
    expect([...tested].sort()).toEqual(scripts().sort());
  });
});
