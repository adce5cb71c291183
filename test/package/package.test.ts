import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const photo = join(root, 'test/photos/alps.jpg');

/** `npm` as this process was started by it, or from the path. */
function npm(args: readonly string[], cwd: string): string {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js')
    ? execFileSync(process.execPath, [cli, ...args], { cwd, encoding: 'utf8' })
    : execFileSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
}

/** Files of the project that the README links to. */
function readmeLinks(): readonly string[] {
  const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\(([\w./-]+\.md)\)/g)];
  return [...new Set(links.map(([, path]) => path!))];
}

describe('the packed tarball', () => {
  let folder: string;
  let tarball: string;
  let unpacked: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mobilenet-pack-'));
    npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root);
    const [name] = readdirSync(folder);
    tarball = join(folder, name!);
    extract({ file: tarball, cwd: folder, sync: true });
    unpacked = join(folder, 'package');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is under 36 MB', () => {
    expect(statSync(tarball).size).toBeLessThan(36e6);
  });

  it('holds what is needed and nothing else', () => {
    const files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(unpacked.length + 1)
          .replaceAll('\\', '/'),
      );
    for (const needed of [
      'LICENSE',
      'NOTICE',
      'README.md',
      'bin/mobilenet.js',
      'build/jpeg-turbo.wasm',
      'build/kernels.wasm',
      'dist/code/classify.cjs',
      'dist/code/command.cjs',
      'dist/code/compare.cjs',
      'dist/code/cost.cjs',
      'dist/code/decode.cjs',
      'dist/code/integers.cjs',
      'dist/code/rest.cjs',
      'dist/code/sharp.cjs',
      'dist/code/threads.cjs',
      'dist/code/worker.cjs',
      'dist/index.d.ts',
      'models/imagenet-1k.tsv',
      'models/README.md',
      ...readmeLinks(),
    ]) {
      expect(files).toContain(needed);
    }
    const expected =
      /^(bin\/(mobilenet\.js|package\.json)|build\/(jpeg-turbo\.wasm|kernels(\.d\.ts|(\.relaxed)?\.wasm))|dist\/(code\/[\w-]+\.c?js|.+\.d\.ts)|docs\/[\w-]+\.md|examples\/([\w-]+\.mjs|engines\/[\w-]+(\.(sh|py|yaml))?)|man\/mobilenet\.1|models\/([\w.-]+\.(json|safetensors|tsv)|README\.md)|package\.json|[A-Z]+(\.md)?)$/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
  });

  it('runs no script when it is installed', () => {
    const { scripts } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'));
    for (const hook of ['preinstall', 'install', 'postinstall']) expect(scripts).not.toHaveProperty(hook);
  });

  it('classifies by the command', () => {
    const { stdout, status } = spawnSync(process.execPath, [join(unpacked, 'bin/mobilenet.js'), 'classify', photo], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/\n {2}alp /);
    expect(status).toBe(0);
  });

  it('runs sharp from one file where that is of the installed version, and the installed one otherwise; a small JPEG needs neither', async () => {
    const bundle = join(unpacked, 'dist/code/sharp.cjs');
    const built = readFileSync(bundle, 'utf8');
    const script = join(folder, 'loaded.cjs');
    const png = join(folder, 'alps.png');
    await sharp(photo).png().toFile(png);
    writeFileSync(
      script,
      `require('./package/dist/code/command.cjs').main(['classify', process.argv[2]]).then(() => {
         const loaded = Object.keys(require.cache).filter((file) => /sharp.dist.index.cjs$/.test(file));
         console.log('loaded', loaded.length);
       });`,
    );
    const run = (picture = png) => execFileSync(process.execPath, [script, picture], { encoding: 'utf8' });
    try {
      expect(run()).toMatch(/\n {2}alp [\s\S]*loaded 0/);
      writeFileSync(bundle, built.replace(/version = '[^']*'/, "version = '0.0.1'"));
      expect(run()).toMatch(/\n {2}alp [\s\S]*loaded 1/);
      expect(run(photo)).toMatch(/\n {2}alp [\s\S]*loaded 0/);
      rmSync(bundle);
      expect(run()).toMatch(/\n {2}alp [\s\S]*loaded 1/);
    } finally {
      writeFileSync(bundle, built);
    }
  });

  it('classifies by the library, a file and a buffer', () => {
    const script = join(folder, 'use.mjs');
    writeFileSync(
      script,
      `import { readFileSync } from 'node:fs';
       import { load } from './package/dist/code/index.js';
       const photo = ${JSON.stringify(photo)};
       const model = await load('mobilenet_v2');
       const [byPath, byBytes] = await Promise.all([model.classify(photo), model.classify(readFileSync(photo), { top: 1 })]);
       model.close();
       const closed = await model.classify(photo).catch((error) => error.code);
       console.log(JSON.stringify([byPath.predictions.length, byPath.predictions[0], byBytes.predictions, closed]));`,
    );
    const [count, best, again, closed] = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' }));
    expect(count).toBe(5);
    expect(best).toMatchObject({ label: 'alp', id: 'n09193705' });
    expect(again).toEqual([best]);
    expect(closed).toBe('closed');
  });

  it.each([
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ])('has types that a strict TypeScript program accepts, with module %s and resolution %s', (module, resolution) => {
    // As it is installed; what the types need of others is @types/node alone.
    const project = mkdtempSync(join(folder, 'project-'));
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(unpacked, join(project, 'node_modules/mobilenet'), 'junction');
    for (const name of ['@types', 'undici-types']) {
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction');
    }
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(project, 'use.ts'),
      `import { createReadStream } from 'node:fs';
       import { type Classification, cost, type ImageInput, load, networks, type Row, UsageError } from 'mobilenet';
       await using model = await load({ model: 'mobilenet_v2', crop: 'squash', signal: AbortSignal.timeout(1000) });
       const { predictions, ms }: Classification = await model.classify(new Uint8Array(), { top: 1 });
       export const probability: number = predictions[0]!.probability + ms.run;
       const pixels = { data: new Uint8ClampedArray(4), width: 1, height: 1, channels: 4 } as const;
       const images: ImageInput[] = [pixels, new Blob([]), new Blob([]).stream(), createReadStream('a'), Buffer.alloc(1)];
       for await (const row of model.classifyAll(images, { jobs: 2 })) row satisfies Row<ImageInput>;
       for await (const row of model.classifyAll(['a.jpg'])) {
         const path: string = row.image;
         // @ts-expect-error only a row that is ok has predictions
         row.predictions;
         if (row.ok) console.log(path, row.predictions[0]?.label);
         else console.log(path, row.error.code);
       }
       export const macs: number = cost('mobilenet_v1', { alpha: 0.5 }).macs;
       export const title: string = networks.mobilenet_v1.title;
       export const code: string = new UsageError({}).code;
       // @ts-expect-error there is no such crop
       await load({ crop: 'stretch' });
       // @ts-expect-error there is no such option
       await load({ resoltion: 160 });
       // @ts-expect-error nothing is no image
       await model.classify(null);
       // @ts-expect-error there is no such network
       cost('mobilenet');`,
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--preserveSymlinks', '--target', 'es2022'];
    const { stdout, status } = spawnSync(
      process.execPath,
      [compiler, ...options, '--lib', 'es2022', '--module', module, '--moduleResolution', resolution, 'use.ts'],
      { cwd: project, encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('takes a sharp instance by its type', () => {
    const program = join(folder, 'use-sharp.mts');
    writeFileSync(
      program,
      `import sharp from 'sharp';
       import type { ImageInput } from './package/dist/index.js';
       export const image: ImageInput = sharp('a.jpg').rotate(90);`,
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
    const { stdout, status } = spawnSync(process.execPath, [compiler, ...options, program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
