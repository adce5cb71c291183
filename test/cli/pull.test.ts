import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.js';
import { TestProxy } from '../store/proxy-server.js';
import { makeFile, serve, TestServer } from '../store/server.js';
import { mobilenetBeside } from './async-run.js';

const alps = 'test/photos/alps.jpg';
const model = ['mobilenet_v1', '--alpha', '0.5', '--res', '160'];
const name = 'mobilenet_v1_0.5_160_int8';
const weights = sharedPath('weights/coral_tflite/mobilenet_v1_0.5_160_quant.tflite');
const sha256 = '3cc6d2ca460abd2e0f699a6d0d2550c6b61c6e3b0e27a3616e384ea74cb86f43';

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mobilenet-cli-'));
  return () => rm(home, { recursive: true });
});

const run = (args: readonly string[], env: Record<string, string> = {}, launcher?: readonly string[]) =>
  mobilenetBeside(args, { MOBILENET_HOME: home, NO_COLOR: '1', NO_PROXY: '*', ...env }, launcher);

/** Files that are left; lock files and parts would be among them. */
const files = () =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

describe('mobilenet classify without the model', () => {
  it('exits 4 and names the command that gets it', async () => {
    const { stdout, stderr, code } = await run(['classify', '--model', ...model, alps]);
    expect(stderr).toMatch(
      /^mobilenet: mobilenet_v1 α 0\.5 160×160: neither bundled nor installed; run: mobilenet pull mobilenet_v1 --alpha 0\.5 --res 160 \(.*\n$/,
    );
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });

  it('by a published model’s own name, too', async () => {
    const { stderr, code } = await run(['classify', '--model', name, alps]);
    expect(stderr).toMatch(new RegExp(`run: mobilenet pull ${name} `));
    expect(code).toBe(4);
  });
});

describe('mobilenet pull', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['no model', [], 2, /missing argument <model>; see mobilenet pull --help/],
    ['an unknown model', ['resnet'], 2, /resnet: unknown model, expected mobilenet_v1, /],
    ['an α that is none', ['mobilenet_v1', '--alpha', 'x'], 2, /--alpha x: expected a number above 0/],
    ['a dtype that is none', ['mobilenet_v1', '--dtype', 'f64'], 2, /--dtype f64: expected f32 or int8/],
    ['an empty --from', [...model, '--from', ''], 2, /--from: empty, expected a file or an address/],
    ['a timeout that is none', [...model, '--timeout', '0'], 2, /--timeout 0: expected a number above 0/],
    ['too many tries', [...model, '--tries', '101'], 2, /--tries 101: expected a whole number from 1 to 100/],
    ['an α that nobody publishes', ['mobilenet_v1', '--alpha', '0.6'], 4, /mobilenet_v1 α 0\.6: no published weights/],
    ['a model to count only', ['mobilenet_v1_shallow'], 4, /mobilenet_v1_shallow: no published weights are known/],
    ['a file that is not there', [...model, '--from', 'none.tflite'], 4, /none\.tflite: no such file/],
    [
      'an address of FTP',
      [...model, '--from', 'ftp://x/y'],
      4,
      /ftp:\/\/x\/y: unsupported protocol ftp, expected a file/,
    ],
    ['a picture', [...model, '--from', alps], 4, /alps\.jpg: an unknown kind of file, expected tflite/],
  ];
  it.each(cases)('%s: says so', async (_title, args, expected, message) => {
    const { stdout, stderr, code } = await run(['pull', ...args]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
    expect(files()).toEqual([]);
  });

  it('--help says where things go', async () => {
    const { stdout, code } = await run(['pull', '--help']);
    expect(stdout).toMatch(/\$MOBILENET_HOME/);
    expect(stdout).toMatch(/HTTPS_PROXY/);
    expect(code).toBe(0);
  });

  it.each([
    ['404', () => `${server.origin}/none.tflite`, /\/none\.tflite: the server answered 404 Not Found$/m],
    [
      'a web page',
      () => server.on('/page.tflite', (_request, response) => response.end('<!doctype html><title>x</title>')),
      /\/page\.tflite: a web page, expected a model$/m,
    ],
    [
      'a wrong hash',
      () => server.on('/wrong.tflite', serve(makeFile())),
      /\/wrong\.tflite: sha-256 .*, expected 3cc6d2ca/,
    ],
    ['a silent server', () => server.on('/silent.tflite', () => {}), /\/silent\.tflite: no data for 0\.2 s$/m],
  ])('%s: one sentence, exit 4, nothing left', async (_title, from, message) => {
    const args = ['pull', ...model, '--from', from(), '--timeout', '0.2', '--tries', '1'];
    const { stdout, stderr, code } = await run(args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(4);
    expect(files()).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')(
    'a file system without room: one sentence, exit 4, nothing left',
    async () => {
      const from = server.on('/large.tflite', serve(makeFile()));
      // A limit on the size of files, in blocks of 512 or 1024 bytes.
      const limited = ['sh', '-c', 'ulimit -f 8; exec "$@"', 'sh'];
      const { stderr, code } = await run(['pull', ...model, '--from', from], {}, limited);
      expect(stderr).toMatch(/^mobilenet: .*: disk full \(EFBIG\); free some space\n$/);
      expect(code).toBe(4);
      expect(files()).toEqual([]);
    },
  );
});

describe.skipIf(weights === undefined)('with published weights at hand', () => {
  it('pull, classify, list, verify, remove', async () => {
    const from = server.on('/mobilenet_v1_0.5_160_quant.tflite', serve(await readFile(weights!)));
    const pulled = await run(['pull', ...model, '--from', from]);
    expect(pulled).toEqual({
      stdout: `${name} installed (1.39 MB) from ${from}\nSHA-256 ${sha256} (as published)\n`,
      stderr: '',
      code: 0,
    });
    expect((await run(['pull', ...model])).stdout).toBe(`${name} is already installed (1.39 MB)\n`);

    const direct = await run(['classify', '--weights', weights!, '--json', alps]);
    const stored = await run(['classify', '--model', ...model, '--json', alps]);
    const byName = await run(['classify', '--model', name, '--json', alps]);
    expect(direct.code).toBe(0);
    const images = ({ stdout }: { stdout: string }) => JSON.parse(stdout).images[0].predictions;
    expect(images(stored)).toEqual(images(direct));
    expect(images(byName)).toEqual(images(direct));
    expect(JSON.parse(stored.stdout).model).toMatchObject({ network: 'mobilenet_v1', alpha: 0.5, weights: name });

    const list = await run(['models']);
    expect(list.stdout).toMatch(
      new RegExp(`\\nInstalled in .*\\n  ${name} +mobilenet_v1 +0\\.5 +160  int8 +1\\.39 MB +57\\.7 +76\\.5 M\\n`),
    );
    expect(JSON.parse((await run(['models', '--json'])).stdout).installed).toMatchObject([{ name, bytes: 1392846 }]);

    expect(await run(['models', 'verify'])).toEqual({ stdout: `${name}: OK\n`, stderr: '', code: 0 });
    expect(await run(['models', 'remove', name])).toEqual({ stdout: `${name} removed\n`, stderr: '', code: 0 });
    expect(files()).toEqual([]);
  });

  it('classify --pull fetches it at once, from the catalog’s address', async () => {
    const golden = new URL('../golden/tls/', import.meta.url);
    const [key, cert] = await Promise.all(
      ['key.pem', 'certificate.pem'].map((each) => readFile(new URL(each, golden), 'utf8')),
    );
    const bytes = await readFile(weights!);
    const asked: (string | undefined)[] = [];
    const secure = createServer({ key: key!, cert: cert! }, (incoming, response) => {
      asked.push(incoming.url);
      serve(bytes)(incoming, response, 1);
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port } = secure.address() as AddressInfo;
    // Everything goes to this machine, whatever host is asked for.
    const proxy = new TestProxy(false, { host: '127.0.0.1', port });
    const env = {
      HTTPS_PROXY: `http://${await proxy.start()}`,
      NO_PROXY: '',
      NODE_EXTRA_CA_CERTS: fileURLToPath(new URL('certificate.pem', golden)),
    };
    const { stdout, stderr, code } = await run(['classify', '--pull', '--model', ...model, alps], env);
    const again = await run(['classify', '--model', ...model, alps]);
    await proxy.stop();
    await new Promise((resolve) => secure.close(resolve));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\n {2}alp .*\nmobilenet_v1 α 0\.5 · 160×160 /s);
    expect(code).toBe(0);
    expect(proxy.seen).toEqual(['CONNECT raw.githubusercontent.com:443']);
    expect(asked).toEqual([
      expect.stringMatching(/^\/google-coral\/test_data\/[0-9a-f]{40}\/mobilenet_v1_0\.5_160_quant\.tflite$/),
    ]);
    expect(again.code).toBe(0);
  });

  it('a damaged file is found by verify, not used, and mended by pull', async () => {
    await run(['pull', ...model, '--from', weights!]);
    const blob = join(home, 'blobs', `${sha256}.tflite`);
    expect(existsSync(blob)).toBe(true);
    const bytes = await readFile(blob);
    bytes[500_000]! ^= 1;
    await writeFile(blob, bytes);
    const verified = await run(['models', 'verify']);
    expect(verified.stderr).toMatch(new RegExp(`^mobilenet: ${name}: .*damaged or absent, expected 1392846 bytes\\n$`));
    expect(verified.code).toBe(4);
    const used = await run(['classify', '--model', ...model, alps]);
    expect(used.stderr).toMatch(/sha-256 [0-9a-f]{64}, expected 3cc6d2ca/);
    expect(used.code).toBe(4);
    expect((await run(['pull', ...model, '--from', weights!])).stdout).toMatch(
      /^mobilenet_v1_0\.5_160_int8 installed \(1\.39 MB\) from/,
    );
    expect((await run(['classify', '--model', ...model, alps])).code).toBe(0);
  });

  it('the wrong model is refused', async () => {
    const other = sharedPath('weights/coral_tflite/mobilenet_v1_0.25_128_quant.tflite')!;
    const { stderr, code } = await run(['pull', 'mobilenet_v1_0.5_160_int8_slim', '--from', other]);
    expect(stderr).toMatch(/mobilenet_v1 α 0\.25, 128×128, 1001 classes, int8, expected mobilenet_v1 α 0\.5, 160×160/);
    expect(code).toBe(4);
    expect(files()).toEqual([]);
  });

  it('two at once: one fetches, both have it', async () => {
    const bytes = await readFile(weights!);
    const from = server.on('/both/model.tflite', (request, response, count) => {
      setTimeout(() => serve(bytes)(request, response, count), 300);
    });
    const runs = await Promise.all([run(['pull', ...model, '--from', from]), run(['pull', ...model, '--from', from])]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(server.asked('/both/model.tflite')).toHaveLength(1);
    expect(files().sort()).toEqual([`${sha256}.tflite`, 'model.json']);
  });
});

describe('mobilenet classify --pull where nobody answers', () => {
  it('exits 4 with the download’s sentence', async () => {
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' };
    const { stdout, stderr, code } = await run(['classify', '--pull', '--model', name, alps], env);
    expect(stderr).toMatch(/^mobilenet: https:\/\/raw\..*: connection refused \(ECONNREFUSED\).*\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(4);
    expect(files()).toEqual([]);
  });
});

describe('mobilenet models', () => {
  it('export writes a file that classify --weights takes', async () => {
    const out = join(home, 'out.safetensors');
    const exported = await run(['models', 'export', 'mobilenet_v2_1.0_224', out]);
    expect(exported).toMatchObject({ stdout: expect.stringMatching(/out\.safetensors: [\d.]+ MB\n$/), code: 0 });
    const best = async (...args: string[]) =>
      JSON.parse((await run(['classify', '--json', '--top', '1', ...args, alps])).stdout).images[0].predictions[0];
    expect(await best('--weights', out)).toEqual(await best());
    expect((await run(['models', 'export', 'none', out])).code).toBe(2);
    const nowhere = await run(['models', 'export', 'mobilenet_v2', join(home, 'no', 'out.safetensors')]);
    expect(nowhere.stderr).toMatch(/out\.safetensors: no such folder/);
    expect(nowhere.code).toBe(4);
  });

  it('lists the box and what is published, with sizes, accuracies and MACs', async () => {
    const { stdout, stderr, code } = await run(['models']);
    expect(stdout).toMatch(
      /\nBundled\n {2}mobilenet_v2_1\.0_224 +mobilenet_v2 +1\.0 +224 {2}f16 +7\.02 MB +71\.9 +300\.8 M\n/,
    );
    expect(stdout).toContain(`\nInstalled in ${home}\n  none\nPublished (install with: mobilenet pull NAME)\n`);
    expect(stdout).toMatch(
      /\n {2}mobilenet_v1_0\.25_128_int8 +mobilenet_v1 +0\.25 +128 {2}int8 +0\.53 MB +39\.9 +13\.6 M\n/,
    );
    expect(stdout).toMatch(/\nPublished as several files [^\n]+\n {2}mobilenet_v1_1\.0_224_tfjs [^\n]+\n/);
    expect(stdout).toMatch(/\nNone of the \d+ published addresses were checked for this release\.\n/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(files()).toEqual([]);
  });

  it('--json has the documented fields in their order', async () => {
    const { stdout } = await run(['models', '--json']);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual(['store', 'box', 'installed', 'damaged', 'cache', 'available']);
    const fields = [
      'name',
      'network',
      'alpha',
      'resolution',
      'classes',
      'dtype',
      'bytes',
      'top1',
      'top5',
      'macs',
      'licence',
      'origin',
    ];
    expect(Object.keys(document.box[0])).toEqual(fields);
    expect(Object.keys(document.available[0])).toEqual([...fields, 'format', 'checked']);
    expect(document.store).toBe(home);
  });

  it('--filter and --installed, alone and together, as text and JSON', async () => {
    const v1 = await run(['models', '--filter', 'V1', '--filter', 'int8']);
    expect(v1.stdout).toMatch(/\nPublished [^\n]+\n {2}mobilenet_v1_1\.0_224_int8_slim /);
    expect(v1.stdout).not.toMatch(/mobilenet_v2|xception|_keras|Installed in/);
    const document = JSON.parse((await run(['models', '--filter', 'xception', '--json'])).stdout);
    expect([document.box, document.installed]).toEqual([[], []]);
    expect(new Set(document.available.map((each: { network: string }) => each.network))).toEqual(new Set(['xception']));
    expect((await run(['models', '--installed'])).stdout).toMatch(
      /^ [^\n]+\nInstalled in [^\n]+\n {2}none\nsize: [^\n]+\n$/,
    );
    const installed = JSON.parse((await run(['models', '--installed', '--json'])).stdout);
    const cache = { path: join(home, 'embeddings'), vectors: 0, bytes: 0 };
    expect(installed).toEqual({ store: home, installed: [], damaged: [], cache });
    expect((await run(['models', '--installed', '--filter', 'v9'])).stdout).toBe('no installed model matches v9\n');
    expect((await run(['models', '--filter', 'v9'])).stdout).toBe('no model matches v9\n');
    expect((await run(['models', '--filter', ''])).code).toBe(2);
  });

  it.skipIf(weights === undefined)('--filter finds those installed', async () => {
    await run(['pull', ...model, '--from', weights!]);
    const list = async (...args: string[]) =>
      JSON.parse((await run(['models', '--installed', '--json', ...args])).stdout).installed;
    expect(await list('--filter', 'v1')).toMatchObject([{ name }]);
    expect(await list('--filter', 'v2')).toEqual([]);
    expect((await run(['models', '--installed', '--filter', 'v1'])).stdout).toContain(`\n  ${name} `);
  });

  it('path, verify and remove, where no models are installed', async () => {
    expect(await run(['models', 'path'])).toEqual({ stdout: `${home}\n`, stderr: '', code: 0 });
    expect(await run(['models', 'verify'])).toEqual({ stdout: 'no models are installed\n', stderr: '', code: 0 });
    expect(JSON.parse((await run(['models', 'verify', '--json'])).stdout)).toEqual({ models: [] });
    const removed = await run(['models', 'remove', 'none']);
    expect(removed.stderr).toMatch(/^mobilenet: none: not installed; mobilenet models lists the installed models\n$/);
    expect(removed.code).toBe(4);
    expect((await run(['models', 'remove'])).code).toBe(2);
    expect((await run(['models', 'frobnicate'])).code).toBe(2);
  });
});
