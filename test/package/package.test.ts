import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
      'build/kernels.wasm',
      'dist/code/classify.cjs',
      'dist/code/command.cjs',
      'dist/code/compare.cjs',
      'dist/code/cost.cjs',
      'dist/code/rest.cjs',
      'dist/code/sharp.cjs',
      'dist/code/worker.cjs',
      'dist/index.d.ts',
      'models/imagenet-1k.tsv',
      'models/README.md',
      ...readmeLinks(),
    ]) {
      expect(files).toContain(needed);
    }
    const expected =
      /^(bin\/(mobilenet\.js|package\.json)|build\/kernels(\.d\.ts|(\.relaxed)?\.wasm)|dist\/(code\/[\w-]+\.c?js|.+\.d\.ts)|docs\/[\w-]+\.md|examples\/[\w-]+\.mjs|models\/([\w.-]+\.(json|safetensors|tsv)|README\.md)|package\.json|[A-Z]+(\.md)?)$/;
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

  it('runs sharp from one file where that is of the installed version, and the installed one otherwise', () => {
    const bundle = join(unpacked, 'dist/code/sharp.cjs');
    const built = readFileSync(bundle, 'utf8');
    const script = join(folder, 'loaded.cjs');
    writeFileSync(
      script,
      `require('./package/dist/code/command.cjs').main(['classify', ${JSON.stringify(photo)}]).then(() => {
         const loaded = Object.keys(require.cache).filter((file) => /sharp.dist.index.cjs$/.test(file));
         console.log('loaded', loaded.length);
       });`,
    );
    const run = () => execFileSync(process.execPath, [script], { encoding: 'utf8' });
    try {
      expect(run()).toMatch(/\n {2}alp [\s\S]*loaded 0/);
      writeFileSync(bundle, built.replace(/version = '[^']*'/, "version = '0.0.1'"));
      expect(run()).toMatch(/\n {2}alp [\s\S]*loaded 1/);
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

  it('has types that a strict TypeScript program accepts', () => {
    const program = join(folder, 'use.mts');
    writeFileSync(
      program,
      `import { load, type Classification } from './package/dist/index.js';
       const model = await load({ model: 'mobilenet_v2', crop: 'squash' });
       const { predictions, ms }: Classification = await model.classify(new Uint8Array(), { top: 1 });
       const probability: number = predictions[0]!.probability + ms.run;
       // @ts-expect-error there is no such crop
       await load({ crop: 'stretch' });
       export { probability };`,
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(
      process.execPath,
      [compiler, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', program],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
