import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** @satisfies {import('esbuild').BuildOptions} */
export const forNode = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
};

/** A CommonJS file that Node starts fast. @satisfies {import('esbuild').BuildOptions} */
export const asScript = {
  ...forNode,
  minify: true,
  format: 'cjs',
  external: ['sharp', 'h5wasm'],
  define: { 'import.meta.url': 'moduleOwn.url' },
  banner: { js: "const moduleOwn = { get url() { return require('node:url').pathToFileURL(__filename).href; } };" },
};
