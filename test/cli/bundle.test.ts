import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { importModel } from '../../src/use-cases/import.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { writeSafetensors } from '../../src/weights/formats/safetensors/safetensors.js';
import { nameTensors } from '../../src/weights/tensor-names.js';
import { serve, TestServer } from '../store/server.js';
import { mobilenetBeside } from './async-run.js';

/** Published without a hash. */
const published = 'mobilenetv2_050_timm';
/** Somebody's own, with labels. */
const own = 'flowers';
const alps = 'test/photos/alps.jpg';

const hasTimeout = spawnSync('timeout', ['-s', 'KILL', '1', 'true']).status === 0;

let folder: string;
let checkpoint: Uint8Array;
/** With both models. */
let bundle: string;
let server: TestServer;
let home: string;
let copy: string;

const run = (args: readonly string[], env: Record<string, string> = {}, launcher?: readonly string[]) =>
  mobilenetBeside(args, { MOBILENET_HOME: home, NO_COLOR: '1', NO_PROXY: '*', ...env }, launcher);

const files = (root: string): string[] =>
  existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort()
    : [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mobilenet-bundle-'));
  server = await TestServer.start();
  const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.5, classes: 1000 }), {
    resolution: 224,
    padding: 'pytorch',
  });
  checkpoint = writeSafetensors(nameTensors(seededWeights(network)));
  server.on('/huggingface.co/timm/mobilenetv2_050.lamb_in1k/resolve/main/model.safetensors', serve(checkpoint));
  const small = resolve(buildNetwork('mobilenet_v1', { alpha: 0.25, classes: 3 }), {
    resolution: 128,
    padding: 'keras',
  });
  await writeFile(join(folder, 'own.safetensors'), writeSafetensors(nameTensors(seededWeights(small))));
  await writeFile(join(folder, 'own.txt'), 'rose\ntulip\ndaisy\n');
  home = join(folder, 'first');
  const options = { resolution: 128, labels: join(folder, 'own.txt'), input: '-1..1', padding: 'keras' } as const;
  await importModel(join(folder, 'own.safetensors'), { name: own, home, ...options });
  bundle = join(folder, 'usb');
  const made = await run(['pull', published, own, '--to', bundle], { MOBILENET_MIRROR: server.origin });
  expect(made).toMatchObject({ stderr: '', code: 0 });
  expect(made.stdout).toContain(
    `2 models in ${bundle}\nOn the other machine, run: mobilenet import --bundle ${bundle}\n`,
  );
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  const each = await mkdtemp(join(folder, 'each-'));
  home = join(each, 'home');
  copy = join(each, 'copy');
});

describe('a bundle', () => {
  it('has weights, labels and records, and nothing else', () => {
    expect(files(bundle).filter((name) => name === 'model.json')).toHaveLength(2);
    expect(files(bundle).filter((name) => name.endsWith('.safetensors'))).toHaveLength(2);
    expect(files(bundle).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))).toHaveLength(1);
    expect(files(bundle)).toHaveLength(5);
    expect(readdirSync(bundle).sort()).toEqual(['blobs', 'models']);
  });

  it('is written without anything being installed', () => {
    expect(readdirSync(join(folder, 'first', 'models'))).toEqual([own]);
  });

  it('is installed on another machine, and runs there', async () => {
    const { stdout, stderr, code } = await run(['import', '--bundle', bundle]);
    expect(stdout).toMatch(
      /^flowers installed \([\d.]+ \w+\)\nmobilenetv2_050_timm installed \([\d.]+ MB\)\n2 models installed\n$/,
    );
    expect([stderr, code]).toEqual(['', 0]);
    expect((await run(['models', 'verify'])).stdout).toBe('flowers: OK\nmobilenetv2_050_timm: OK\n');
    expect((await run(['classify', '--model', own, alps])).stdout).toMatch(/(rose|tulip|daisy)/);
    expect((await run(['classify', '--model', published, alps])).code).toBe(0);
    const again = await run(['import', '--bundle', bundle, '--json']);
    const { models, failed } = JSON.parse(again.stdout);
    expect(models.map(({ model, installed }: never) => [(model as { name: string }).name, installed])).toEqual([
      [own, false],
      [published, false],
    ]);
    expect([failed, again.code]).toEqual([[], 0]);
  });

  it('takes further models', async () => {
    await run(['import', '--bundle', bundle]);
    expect((await run(['pull', own, '--to', copy])).code).toBe(0);
    expect((await run(['pull', published, '--to', copy])).code).toBe(0);
    expect(files(copy)).toEqual(files(bundle));
  });

  it('is not written among other files', async () => {
    await mkdir(copy);
    await writeFile(join(copy, 'letter.txt'), '');
    const { stderr, code } = await run(['pull', published, '--to', copy]);
    expect(stderr).toMatch(/copy: not empty, and not a bundle; choose a new folder, such as .*mobilenet-bundle\n$/);
    expect(code).toBe(4);
    expect(files(copy)).toEqual(['letter.txt']);
    const file = await run(['pull', published, '--to', join(copy, 'letter.txt')]);
    expect([file.stderr, file.code]).toEqual([expect.stringMatching(/letter\.txt: not a folder\n$/), 4]);
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'needs a folder that can be written',
    async () => {
      await mkdir(copy);
      await chmod(copy, 0o500);
      const { stderr, code } = await run(['pull', published, '--to', copy]);
      expect(stderr).toMatch(/permission denied \(EACCES\); choose another folder for --to\n$/);
      expect(code).toBe(4);
    },
  );

  it('from the first hash seen on: another file is refused', async () => {
    await run(['pull', published, '--mirror', server.origin]);
    await run(['models', 'remove', published]);
    const network = resolve(buildNetwork('mobilenet_v2', { alpha: 0.5, classes: 1000 }), { resolution: 224 });
    const weights = seededWeights(network);
    weights.get([...weights.keys()][0]!)!.weights.data.fill(0.5);
    const other = await TestServer.start();
    other.on(
      '/huggingface.co/timm/mobilenetv2_050.lamb_in1k/resolve/main/model.safetensors',
      serve(writeSafetensors(nameTensors(weights))),
    );
    const { stderr, code } = await run(['pull', published, '--to', copy, '--mirror', other.origin]);
    await other.stop();
    expect(stderr).toMatch(/sha-256 .* that of the first download .*add --force to accept the new file\n$/);
    expect(code).toBe(4);
    expect(files(copy)).toEqual([]);
    // Nor by way of a bundle that somebody else has made.
    await cp(bundle, copy, { recursive: true });
    const record = join(copy, 'models', published, 'model.json');
    const text = await readFile(record, 'utf8');
    const { origin } = JSON.parse(text);
    await writeFile(record, text.replace(origin.sha256, '0'.repeat(64)));
    const imported = await run(['import', '--bundle', copy]);
    expect(imported.stderr).toMatch(/that of the first download .*add --replace to accept the new file\n$/);
    expect(imported.code).toBe(4);
  });
});

describe('an import that is killed', () => {
  it.skipIf(!hasTimeout).each([0.15, 0.25, 0.35, 0.5])(
    'after %f s leaves the store whole, and the next one goes on',
    async (seconds) => {
      await run(['import', '--bundle', bundle], {}, ['timeout', '-s', 'KILL', String(seconds)]);
      const verified = await run(['models', 'verify']);
      expect([verified.stderr, verified.code]).toEqual(['', 0]);
      expect(await run(['import', '--bundle', bundle])).toMatchObject({ stderr: '', code: 0 });
      expect((await run(['models', 'verify'])).stdout).toBe('flowers: OK\nmobilenetv2_050_timm: OK\n');
      expect(files(home).filter((name) => name.endsWith('.lock'))).toEqual([]);
    },
  );
});

describe('a bundle that is none', () => {
  const blobOf = async (name: string) => {
    const record = JSON.parse(await readFile(join(copy, 'models', name, 'model.json'), 'utf8'));
    return join(copy, 'blobs', `${record.weights.sha256}.safetensors`);
  };
  const record = (name: string) => join(copy, 'models', name, 'model.json');
  const edit = async (name: string, change: (json: Record<string, never>) => object) =>
    writeFile(record(name), JSON.stringify(change(JSON.parse(await readFile(record(name), 'utf8')))));

  const wholly: [string, () => Promise<unknown>, RegExp][] = [
    ['missing', () => rm(copy, { recursive: true }), /copy: no such folder$/m],
    [
      'empty',
      () => rm(copy, { recursive: true }).then(() => mkdir(copy)),
      /not a bundle: it has no folder “models”; give/,
    ],
    ['a file', () => rm(copy, { recursive: true }).then(() => writeFile(copy, '')), /copy: not a folder$/m],
    [
      'without models',
      () => rm(join(copy, 'models'), { recursive: true }).then(() => mkdir(join(copy, 'models'))),
      /no models in this bundle/,
    ],
    [
      'with a link to its models',
      () => rename(join(copy, 'models'), `${copy}-m`).then(() => symlink(`${copy}-m`, join(copy, 'models'))),
      /models: not a regular folder; links are not followed in a bundle$/m,
    ],
    [
      'with a link to its blobs',
      () => rename(join(copy, 'blobs'), `${copy}-b`).then(() => symlink(`${copy}-b`, join(copy, 'blobs'))),
      /blobs: not a regular folder; links are not/,
    ],
    [
      'without blobs',
      () => rm(join(copy, 'blobs'), { recursive: true }),
      /blobs: missing from the bundle; copy the bundle again$/m,
    ],
  ];
  it.each(wholly)('%s: one sentence, exit 4, nothing is installed', async (_title, spoil, message) => {
    await cp(bundle, copy, { recursive: true });
    await spoil();
    const { stdout, stderr, code } = await run(['import', '--bundle', copy]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([stdout, code, files(home)]).toEqual(['', 4, []]);
  });

  const partly: [string, () => Promise<unknown>, RegExp][] = [
    [
      'with a bit flipped',
      async () => {
        const blob = await blobOf(published);
        const bytes = await readFile(blob);
        bytes[bytes.length >> 1]! ^= 1;
        await writeFile(blob, bytes);
      },
      /damaged, expected \d+ bytes with SHA-256 [0-9a-f]{64}; copy the bundle again$/m,
    ],
    ['with weights cut off', async () => truncate(await blobOf(published), 1000), /: damaged, expected/],
    [
      'without its weights',
      async () => rm(await blobOf(published)),
      /missing from the bundle; copy the bundle again$/m,
    ],
    [
      'whose weights are a link',
      async () => {
        const blob = await blobOf(published);
        await rename(blob, `${copy}-weights`);
        await symlink(`${copy}-weights`, blob);
      },
      /not a regular file; links are not followed/,
    ],
    [
      'whose folder is a link',
      async () => {
        await rename(join(copy, 'models', published), `${copy}-model`);
        await symlink(`${copy}-model`, join(copy, 'models', published));
      },
      /not a regular folder; links are not/,
    ],
    ['without its record', () => rm(record(published)), /model\.json: missing from the bundle/],
    ['with a record that is no JSON', () => writeFile(record(published), '{'), /model\.json: not JSON$/m],
    [
      'with a record of many bytes',
      () => writeFile(record(published), ' '.repeat(2_000_000)),
      /2000000 bytes, expected at most 1048576/,
    ],
    [
      'with a record of another name',
      () => edit(published, (json) => ({ ...json, name: '../../evil' })),
      /model\.json: name /,
    ],
    [
      'with a record of other weights',
      () => edit(published, (json) => ({ ...json, weights: { bytes: 1, sha256: '../../../../etc/passwd' } })),
      /sha256/,
    ],
    [
      'that is not what the catalog has under its name',
      () => edit(published, (json) => ({ ...json, alpha: 0.75 })),
      /mobilenetv2_050_timm: alpha 0\.75, expected 0\.5$/m,
    ],
    [
      'with weights of a terabyte',
      () => edit(published, (json) => ({ ...json, weights: Object.assign({}, json.weights, { bytes: 2 ** 40 }) })),
      /: 1099511627776 bytes, expected at most 268435456$/m,
    ],
    [
      'whose weights are no model',
      async () => {
        const sha256 = createHash('sha256').update('nothing').digest('hex');
        await writeFile(join(copy, 'blobs', `${sha256}.safetensors`), 'nothing');
        await edit(published, (json) => ({ ...json, weights: { bytes: 7, sha256 } }));
      },
      /mobilenetv2_050_timm: .*safetensors/,
    ],
  ];
  it.each(partly)('%s: that model is refused, the other is installed, exit 4', async (_title, spoil, message) => {
    await cp(bundle, copy, { recursive: true });
    await spoil();
    const { stdout, stderr, code } = await run(['import', '--bundle', copy]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toMatch(/^flowers installed \([\d.]+ \w+\)\n1 model installed, 1 failed\n$/);
    expect(code).toBe(4);
    expect(files(home).filter((name) => name === 'model.json')).toHaveLength(1);
    expect((await run(['models', 'verify'])).stdout).toBe('flowers: OK\n');
  });
});

describe('a name that is taken', () => {
  it('stays as it is, unless --replace says otherwise', async () => {
    const options = { resolution: 128, input: '0..1', padding: 'keras' } as const;
    await importModel(join(folder, 'own.safetensors'), { name: own, home, ...options });
    const before = await readFile(join(home, 'models', own, 'model.json'), 'utf8');
    const { stdout, stderr, code } = await run(['import', '--bundle', bundle]);
    expect(stderr).toBe(
      'mobilenet: flowers: another model of this name is installed; add --replace, or run: mobilenet models remove flowers\n',
    );
    expect(stdout).toMatch(/^mobilenetv2_050_timm installed/);
    expect(code).toBe(4);
    expect(await readFile(join(home, 'models', own, 'model.json'), 'utf8')).toBe(before);
    const replaced = await run(['import', '--bundle', bundle, '--replace']);
    expect([replaced.stderr, replaced.code]).toEqual(['', 0]);
    expect((await run(['classify', '--model', own, alps])).stdout).toMatch(/(rose|tulip|daisy)/);
  });
});

describe('mobilenet pull of several', () => {
  const mirror = () => ['--mirror', server.origin, '--tries', '1'];

  it('reports each that fails, installs the others, and exits with 4', async () => {
    const { stdout, stderr, code } = await run(['pull', published, 'mobilenetv2_100_timm', ...mirror()]);
    expect(stdout).toMatch(/^mobilenetv2_050_timm installed .*\n.*\n1 model installed, 1 failed\n$/);
    expect(stderr).toMatch(
      /^mobilenet: mobilenetv2_100_timm: http:.*: the server answered 404 Not Found; a mirror needs the file /,
    );
    expect(code).toBe(4);
    const again = await run(['pull', published, 'mobilenetv2_100_timm', '--json', ...mirror()]);
    const { models, failed } = JSON.parse(again.stdout);
    expect(models).toMatchObject([{ model: { name: published }, fetched: false }]);
    expect(failed).toMatchObject([{ name: 'mobilenetv2_100_timm', code: 'download' }]);
    expect(again.code).toBe(4);
  });

  it('--all: every published model that fits', async () => {
    const { stdout, stderr, code } = await run([
      'pull',
      '--all',
      'mobilenet_v2',
      '--alpha',
      '0.5',
      '--dtype',
      'f32',
      ...mirror(),
    ]);
    expect(stdout).toMatch(/\n1 model installed, \d+ failed(, \d+ left out, published as several files)?\n$/);
    const failures = Number(/(\d+) failed/.exec(stdout)![1]);
    expect(failures).toBeGreaterThan(3);
    expect(stderr.trim().split('\n')).toHaveLength(failures);
    expect(code).toBe(4);
    expect(files(home).filter((name) => name === 'model.json')).toHaveLength(1);
  });

  it.each([
    [['--all', 'resnet'], 2, /resnet: unknown model/],
    [[published, 'resnet'], 2, /resnet: unknown model/],
    [['--all', 'mobilenet_v1', '--alpha', '0.6'], 4, /no published weights are known/],
    [[published, 'xception', '--from', 'x.h5'], 2, /--from: takes one model/],
    [['--all', 'xception', '--from', 'x.h5'], 2, /--from: takes one model/],
    [['xception', '--from', 'x.h5', '--mirror', 'http://m'], 2, /--mirror: not possible together with --from/],
    [['xception', '--to', ''], 2, /--to: empty, expected a folder/],
    [['xception', '--mirror', 'file:///srv'], 2, /--mirror: not the address of a mirror, expected http:/],
  ])('%j: says so, before anything is fetched', async (args, expected, message) => {
    const { stdout, stderr, code } = await run(['pull', ...args]);
    expect(stderr).toMatch(message);
    expect([stdout, code, files(home)]).toEqual(['', expected, []]);
  });
});

describe('mobilenet import --bundle', () => {
  it('is what the message names where a bundle is given as a file', async () => {
    const { stderr, code } = await run(['import', bundle]);
    expect(stderr).toBe(`mobilenet: ${bundle}: a bundle; run: mobilenet import --bundle ${bundle}\n`);
    expect(code).toBe(2);
  });

  it.each([
    [['model.h5', '--bundle', 'x'], /model\.h5: not possible together with --bundle/],
    [['--bundle', 'x', '--as', 'y'], /--as: not possible together with --bundle/],
    [['--bundle', 'x', '--labels', 'y'], /--labels: not possible together with --bundle/],
    [[], /missing argument <file>, or --bundle <folder>; see mobilenet import --help/],
    [['model.h5'], /missing option --as <name>; see mobilenet import --help/],
  ])('%j: says so', async (args, message) => {
    const { stderr, code } = await run(['import', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
