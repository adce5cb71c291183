/** Writes the library as ES modules, and the programs that it and the command start as threads and processes. */
import { build } from 'esbuild';
import { asScript, forNode } from './esbuild-options.mjs';

/** Files of dist/code by the source they begin with. */
const programs = {
  worker: 'src/engine/worker.ts',
  hdf5: 'src/weights/formats/keras/hdf5-process.ts',
  lane: 'src/runners/lane.ts',
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
    packages: 'external',
    outdir: folder,
  });
}

/** @param {string} folder dist/code, or what will be it */
export async function bundlePrograms(folder) {
  await build({ ...asScript, entryPoints: programs, outdir: folder, outExtension: { '.js': '.cjs' } });
}
