import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { bundleCommand } from './bundle/command.mjs';
import { root } from './bundle/esbuild-options.mjs';
import { bundleLibrary, bundlePrograms } from './bundle/library.mjs';
import { bundleSharp } from './bundle/sharp.mjs';
import { filesOf, placeFiles, replaceFolder } from './place.mjs';

const run = promisify(execFile);
const buildFolder = join(root, 'build');
/** Hashes of what each part was built from. */
const recordFile = join(buildFolder, 'built.json');
const buildScripts = ['scripts/build-parts.mjs', 'scripts/bundle'];

const kernelTargets = {
  release: 'kernels',
  debug: 'kernels.debug',
  relaxed: 'kernels.relaxed',
  'relaxed-debug': 'kernels.relaxed.debug',
};

/**
 * In their order: the types of the code name those of the kernels.
 * `sources` are files and folders; where one has other content than at the last build, the part is built again.
 * `build` fills a new folder, which `place` then moves to where it is used.
 */
const parts = {
  kernels: {
    sources: ['assembly', 'asconfig.json', 'scripts/build-parts.mjs', 'package-lock.json'],
    outputs: [
      ...Object.values(kernelTargets).flatMap((name) => [`build/${name}.wasm`, `build/${name}.d.ts`]),
      'build/jpeg-turbo.wasm',
    ],
    build: buildKernels,
    place: (folder) => placeFiles(folder, buildFolder),
  },
  dist: {
    sources: ['src', 'assembly', 'tsconfig.json', 'tsconfig.build.json', ...buildScripts, 'package-lock.json'],
    outputs: ['dist/index.d.ts', 'dist/code/index.js', 'dist/code/start.cjs', 'dist/code/sharp.cjs'],
    build: buildDist,
    place: (folder) => replaceFolder(folder, join(root, 'dist')),
  },
};

/**
 * Builds what is not built from the present sources. What is in use meanwhile stays whole.
 * @param {{ only?: readonly string[], all?: boolean, withTypeErrors?: boolean }} options `only`: these parts, by default
 * every part. `all`: also what is built from the present sources.
 * `withTypeErrors`: errors of types are printed, and go into no record, but do not stop the build
 * @returns {Promise<string[]>} names of the parts built
 */
export async function build({ only = Object.keys(parts), all = false, withTypeErrors = false } = {}) {
  const built = [];
  for (const [name, part] of Object.entries(parts)) {
    if (!only.includes(name)) continue;
    const hash = hashOf(part.sources);
    if (!all && readRecord()[name] === hash && part.outputs.every((path) => existsSync(join(root, path)))) continue;
    mkdirSync(buildFolder, { recursive: true });
    const folder = mkdtempSync(join(buildFolder, 'new-'));
    try {
      const isClean = await part.build(folder, withTypeErrors);
      part.place(folder);
      writeRecord({ ...readRecord(), [name]: isClean ? hash : undefined });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    built.push(name);
  }
  return built;
}

async function buildKernels(folder) {
  const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js');
  await allDone(
    Object.entries(kernelTargets).map(([target, name]) =>
      runNode(compiler, 'assembly/index.ts', '--target', target, '--outFile', join(folder, `${name}.wasm`)),
    ),
  );
  // Decodes small JPEGs: src/images/jpeg-turbo.ts.
  copyFileSync(join(root, 'node_modules/@cwasm/jpeg-turbo/jpeg-turbo.wasm'), join(folder, 'jpeg-turbo.wasm'));
  return true;
}

async function buildDist(folder, withTypeErrors) {
  const code = join(folder, 'code');
  const [isClean] = await allDone([
    declareTypes(folder, withTypeErrors),
    bundleLibrary(code),
    bundlePrograms(code),
    bundleCommand(code),
    bundleSharp(code),
  ]);
  return isClean;
}

/** Of all results, or the first fault; when none of the tasks writes any more. */
async function allDone(tasks) {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

/** Whether there were no errors. */
async function declareTypes(folder, withTypeErrors) {
  try {
    await runNode(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', folder);
    return true;
  } catch (error) {
    if (!withTypeErrors || !existsSync(join(folder, 'index.d.ts'))) throw error;
    console.error(error.message);
    return false;
  }
}

async function runNode(program, ...args) {
  try {
    await run(process.execPath, [program, ...args], { cwd: root, maxBuffer: 2 ** 26 });
  } catch (error) {
    const command = [basename(program, '.js'), ...args].join(' ');
    throw new Error(`${command} failed\n${error.stdout}${error.stderr}`, { cause: error });
  }
}

function hashOf(sources) {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    const files = statSync(path).isDirectory() ? filesOf(path).sort() : [''];
    for (const file of files) {
      const bytes = readFileSync(join(path, file));
      hash.update(`${source}/${file} ${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest('hex');
}

function readRecord() {
  return existsSync(recordFile) ? JSON.parse(readFileSync(recordFile, 'utf8')) : {};
}

function writeRecord(record) {
  const file = `${recordFile}.${process.pid}`;
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(file, recordFile);
}
