/** Writes the library as ES modules, and the programs that it and the command start as threads and processes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { asScript, forNode, root } from './esbuild-options.mjs';

/** Packages that are there where this one is installed, or that a user may add; all others are bundled. */
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const installed = Object.keys({ ...dependencies, ...peerDependencies });

/** Files of dist/code by the source they begin with. */
const programs = {
  worker: 'src/engine/worker.ts',
  'trial-worker': 'src/engine/int8/trial-worker.ts',
  hdf5: 'src/weights/formats/keras/hdf5-process.ts',
  parquet: 'src/archives/parquet-thread.ts',
  lane: 'src/runners/lane.ts',
  'lane-start': 'src/cli/start/lane-start.ts',
  decoder: 'src/runners/decode-process.ts',
};

/** @param {string} folder dist/code, or what will be it */
export async function bundleLibrary(folder) {
  await build({
    ...forNode,
    entryPoints: ['src/index.ts'],
    entryNames: '[name]',
    format: 'esm',
    splitting: true,
    external: installed,
    outdir: folder,
  });
}

/** @param {string} folder dist/code, or what will be it */
export async function bundlePrograms(folder) {
  await build({ ...asScript, entryPoints: programs, outdir: folder, outExtension: { '.js': '.cjs' } });
}
