/**
 * Writes dist/code/sharp.cjs: the JavaScript of the installed sharp and of detect-libc in one file, without the version
 * arithmetic and the parser of colours that sharp otherwise loads first (some sixty files). The file is a function of
 * sharp's own `require`, which finds the native library, and those parts should they be needed after all;
 * src/images/sharp.ts uses it only where the very same version of sharp is installed.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './esbuild-options.mjs';

const { version } = createRequire(join(root, 'package.json'))('./node_modules/sharp/package.json');

/** Calls of a module that is loaded when the first is made. */
const later = (module, names) =>
  names.map((name) => `exports.${name} = (...args) => require('${module}').${name}(...args);`).join('\n');

/** What sharp asks for when it is loaded but does not need to say what is in a picture. */
const onDemand = {
  '@img/colour': `module.exports = (...args) => require('@img/colour')(...args);`,
  semver: `
    // The one that is asked for at once is plain.
    exports.coerce = (...args) => {
      const plain = args.length === 1 && /^>=(\\d+\\.\\d+\\.\\d+)$/.exec(args[0]);
      return plain ? { version: plain[1] } : require('semver/functions/coerce')(...args);
    };
    exports.gte = (...args) => require('semver/functions/gte')(...args);
    exports.satisfies = (...args) => require('semver/functions/satisfies')(...args);`,
  child_process: later('child_process', ['exec', 'execSync']),
  'node:child_process': later('node:child_process', ['spawnSync']),
  'node:crypto': later('node:crypto', ['createHash']),
};

/** @type {import('esbuild').Plugin} */
const sharpAsItIsFound = {
  name: 'sharp',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./, namespace: 'file' }, ({ path }) =>
      Object.hasOwn(onDemand, path) ? { path, namespace: 'on-demand' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'on-demand' }, ({ path }) => ({ contents: onDemand[path] }));
    // Names that are put together at run time stay calls of sharp's own `require`.
    onLoad({ filter: /[\\/]sharp[\\/]dist[\\/]\w+\.cjs$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('require(`', '(0, require)(`'),
    }));
  },
};

/** @param {string} folder dist/code, or what will be it */
export async function bundleSharp(folder) {
  await build({
    stdin: { contents: "module.exports = require('sharp');", resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'iife',
    globalName: 'sharp',
    external: ['@img/*', 'semver/*'],
    minify: true,
    legalComments: 'eof',
    logLevel: 'warning',
    plugins: [sharpAsItIsFound],
    outfile: join(folder, 'sharp.cjs'),
    banner: { js: `exports.version = '${version}';\nexports.load = (require) => {` },
    footer: { js: 'return sharp;\n};' },
  });
}
