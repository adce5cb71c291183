/**
 * Writes the command as CommonJS files, of which each start reads what it needs: dist/code/start.cjs (where it begins,
 * and finds the others' compiled code), start-later.cjs (which keeps that, and gives it to lanes), command.cjs (the command
 * line, with what the others share), classify.cjs (pictures, by a bundled model), decode.cjs (pictures that need sharp),
 * integers.cjs (which packs one in integers), threads.cjs (several threads for one picture), lanes.cjs (threads for many
 * pictures), cost.cjs (what a network costs), compare.cjs (the subcommands of `cost`) and rest.cjs (everything else), and
 * packages. One file with all takes longer to read than all that `mobilenet cost` does; many small ones take as long again
 * to find.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { asScript, root } from './esbuild-options.mjs';

const source = (name) => join(root, 'src', name);

/** Modules of cost.cjs that other files ask for. */
const cost = ['cli/commands/cost'];
/** Of compare.cjs. */
const compare = ['compare', 'sweep', 'explain'].map((name) => `cli/commands/cost-${name}`);
/** Of classify.cjs. */
const classify = ['cli/commands/classify'];
/** Of threads.cjs: most starts use one. */
const threads = ['engine/pool'];
/** Of lanes.cjs: a few pictures do without. */
const lanes = ['runners/lanes'];
/** Of decode.cjs: small JPEGs do without. */
const decode = ['images/decode-by-sharp'];
/** Of integers.cjs: most starts are in floats, or find a network's integers packed. */
const integers = ['engine/int8/preparation'];
/** Of rest.cjs. */
const rest = [
  ...[
    'bench',
    'embed',
    'evaluate',
    'similar',
    'duplicates',
    'explain',
    'learn',
    'import',
    'import-bundle',
    'merge',
    'models',
    'pull',
    'pull-several',
    'completion',
  ].map((name) => `cli/commands/${name}`),
  ...['use-cases/cost-file', 'use-cases/measure-cost', 'use-cases/plot', 'report/graph-text'],
  ...[
    'cli/terminal/output-lock',
    'inputs/expand-pattern',
    'inputs/name-filters',
    'inputs/class-folders',
    'inputs/frames',
    'inputs/stdin-image',
    'inputs/truth-table',
    'inputs/archive',
    'report/parquet',
    'report/no-images',
  ],
  ...[
    'batch/select-predictions',
    'batch/done-file',
    'batch/begun-file',
    'batch/resume',
    'net/fetch-picture',
    'models/installed',
    'models/from-files',
    'weights/formats/open',
  ],
  'runners/unknown',
  ...['engine/exact/preparation', 'runners/decode-processes', 'images/formats/open'],
  ...['gif/open-gif', 'tiff-support', 'damage', 'file-errors'].map((name) => `images/${name}`),
  // The readers that the table of formats loads: help needs the table, but no reader.
  ...[
    'safetensors/safetensors',
    'tflite/read',
    'pytorch/read',
    'onnx/read',
    'tfjs/model-folder',
    'tfjs/graph-model',
    'frozen-graph/read',
  ].map((name) => `weights/formats/${name}`),
  ...['weights/formats/keras/keras-file', 'weights/formats/keras/keras-graph'],
];
/**
 * Packages of ES modules, each a file of its own: `require` does not take them before Node.js 20.19, and a script that is
 * compiled from a cache can `import()` nothing.
 */
const packages = ['ora', 'd3-scale'];
/** What there must be one copy of: errors and commands are told by their classes. */
const shared = { errors: source('errors/errors.ts'), commander: 'commander' };

/** A file that gives modules by name and runs each when it is first asked for; one alone runs at once, without what that takes. */
const asTable = (names) =>
  names.length === 1
    ? `export * as ${JSON.stringify(names[0])} from ${JSON.stringify(source(`${names[0]}.ts`))};`
    : `module.exports = {${names.map((name) => `get ${JSON.stringify(name)}() { return require(${JSON.stringify(source(`${name}.ts`))}); }`).join(',')}};`;

/** Dynamic imports of `elsewhere`'s modules are asked of the file that has them. */
const takeFrom = (elsewhere) => ({
  name: 'take-from',
  setup({ onResolve, onLoad }) {
    const places = new Map(
      Object.entries(elsewhere).flatMap(([file, names]) =>
        names.map((name) => [source(`${name}.ts`), `module.exports = require("./${file}")[${JSON.stringify(name)}];`]),
      ),
    );
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir, kind }) => {
      const file = join(resolveDir, path).replace(/\.js$/, '.ts');
      return kind === 'dynamic-import' && places.has(file) ? { path: file, namespace: 'take-from' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'take-from' }, ({ path }) => ({ contents: places.get(path), resolveDir: root }));
  },
});

const takeShared = {
  name: 'take-shared',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^commander$/ }, () => ({ path: 'commander', namespace: 'shared' }));
    onResolve({ filter: /\/errors\.js$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path).replace(/\.js$/, '.ts') === shared.errors
        ? { path: 'errors', namespace: 'shared' }
        : undefined,
    );
    // By name: esbuild would copy an object for each module that imports it.
    onLoad({ filter: /./, namespace: 'shared' }, async ({ path }) => ({
      contents: `export const { ${await namesIn(shared[path])} } = require("./command.cjs").${path};`,
      resolveDir: root,
    }));
  },
};

/** What a module exports. */
async function namesIn(module) {
  const { metafile } = await build({
    stdin: { contents: `export * from ${JSON.stringify(module)};`, resolveDir: root },
    ...{ bundle: true, write: false, metafile: true, format: 'esm', platform: 'node', outfile: 'names.js' },
  });
  return metafile.outputs['names.js'].exports.join(', ');
}

const takePackages = {
  name: 'take-packages',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${packages.join('|')})$`) }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${path}.cjs`, external: true } : undefined,
    );
  },
};

/** Modules of Node.js that take 1 to 2 ms to load each and that most starts do without, commander too: loaded at their first use. */
const onDemand = ['child_process', 'fs/promises', 'os', 'worker_threads'];
/** Others that are imported as a whole. esbuild copies each of an object's own properties then, every time, but not inherited ones. */
const whole = ['fs', 'zlib'];
const modulesOfNode = {
  name: 'modules-of-node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${[...onDemand, ...whole].join('|')})$`) }, ({ path, namespace }) =>
      namespace === 'of-node' ? undefined : { path: path.replace(/^node:/, ''), namespace: 'of-node' },
    );
    onLoad({ filter: /./, namespace: 'of-node' }, ({ path }) => {
      const module = `require("node:${path}")`;
      const inherited = whole.includes(path) ? module : `new Proxy({}, { get: (_, name) => ${module}[name] })`;
      return { contents: `module.exports = Object.create(${inherited});`, resolveDir: root };
    });
  },
};

/** The same for start.cjs, without what esbuild needs for modules that are objects. */
const homedirOnDemand = {
  name: 'homedir-on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:os$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'os', namespace: 'on-demand' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'on-demand' }, () => ({
      contents: 'export const homedir = () => require("node:os").homedir();',
    }));
  },
};

const command = `export { main } from ${JSON.stringify(source('cli/main.ts'))};
export * as errors from ${JSON.stringify(shared.errors)};
export * as commander from 'commander';`;

/** @param {string} folder dist/code, or what will be it */
export async function bundleCommand(folder) {
  /** @param {string} name @param {string} contents @param {readonly import('esbuild').Plugin[]} plugins */
  const bundle = (name, contents, ...plugins) =>
    build({
      ...asScript,
      stdin: { contents, resolveDir: root, sourcefile: `${name}.js` },
      outfile: join(folder, `${name}.cjs`),
      external: ['./*.cjs', ...asScript.external],
      supported: { 'dynamic-import': false },
      plugins: [...plugins, takePackages, modulesOfNode],
      inject: [join(root, 'scripts/bundle/performance.mjs')],
    });
  await bundle('integers', asTable(integers), takeShared);
  const integersHash = createHash('sha256')
    .update(readFileSync(join(folder, 'integers.cjs')))
    .digest('hex');
  await Promise.all([
    build({
      ...asScript,
      entryPoints: [source('cli/start/start.ts'), source('cli/start/start-later.ts')],
      outdir: folder,
      outExtension: { '.js': '.cjs' },
      external: ['./*.cjs'],
      banner: {},
      plugins: [homedirOnDemand],
    }),
    bundle('command', command, takeFrom({ 'cost.cjs': cost, 'classify.cjs': classify, 'rest.cjs': rest })),
    bundle('cost', asTable(cost), takeFrom({ 'compare.cjs': compare, 'rest.cjs': rest }), takeShared),
    bundle('compare', asTable(compare), takeFrom({ 'rest.cjs': rest }), takeShared),
    // What integers.cjs packed is kept for the very same classify.cjs (models/packed-files.ts): that changes with it.
    bundle(
      'classify',
      `${asTable(classify)} /*! integers.cjs ${integersHash} */`,
      takeFrom({
        ...{ 'decode.cjs': decode, 'integers.cjs': integers, 'threads.cjs': threads, 'lanes.cjs': lanes },
        'rest.cjs': rest,
      }),
      takeShared,
    ),
    bundle('decode', asTable(decode), takeFrom({ 'rest.cjs': rest }), takeShared),
    bundle('threads', asTable(threads), takeShared),
    bundle('lanes', asTable(lanes), takeFrom({ 'rest.cjs': rest }), takeShared),
    bundle('rest', asTable(rest), takeShared),
    bundle('ora', "module.exports = require('ora').default;"),
    bundle('d3-scale', "export * from 'd3-scale';"),
  ]);
}
