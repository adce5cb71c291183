/**
 * What each folder of src/ may use, from top to bottom: a folder imports from itself and from folders below it alone. This
 * table is the documentation of the layers; violations.ts holds the sources against it.
 */
export interface Layer {
  /** A folder of src/, or a folder or file in one whose rules are its own. */
  readonly folder: string;
  readonly holds: string;
  /** Folders that it may import from, types included, with the folders in them. */
  readonly imports: readonly string[];
  readonly packages?: readonly string[];
  /** `node:` modules. */
  readonly node?: readonly string[];
  /** Properties of `process`; `*`: all but `exit`, which has to be named, and `process` itself. */
  readonly process?: readonly string[];
  readonly globals?: readonly ('WebAssembly' | 'fetch' | 'console')[];
}

export const layers: readonly Layer[] = [
  {
    folder: 'cli',
    holds: 'the command line: options, help, stdout, stderr, exit codes, signals',
    imports: [
      ...['use-cases', 'batch', 'runners', 'models', 'store', 'net', 'report', 'evaluation', 'cost', 'inputs'],
      ...['networks', 'domain', 'files', 'errors'],
    ],
    packages: ['commander', 'ora'],
    node: ['buffer', 'child_process', 'fs', 'os', 'path', 'vm', 'worker_threads'],
    process: ['*'],
  },
  {
    folder: 'cli/start/start.ts',
    holds: 'where the command begins and ends',
    imports: [],
    node: [],
    process: ['argv', 'env', 'exit', 'getActiveResourcesInfo', 'once'],
  },
  {
    folder: 'index.ts',
    holds: 'the library',
    imports: ['use-cases', 'cost', 'networks', 'domain', 'errors'],
  },
  {
    folder: 'use-cases',
    holds: 'one file for each thing that the command or the library does',
    imports: [
      ...[
        'batch',
        'runners',
        'models',
        'store',
        'report',
        'evaluation',
        'learning',
        'vectors',
        'images',
        'engine',
        'cost',
        'weights',
        'inputs',
        'archives',
        'networks',
        'domain',
      ],
      ...['untrusted-data', 'files', 'errors'],
    ],
    packages: ['d3-scale'],
    node: ['crypto', 'fs', 'fs/promises', 'os', 'path', 'url'],
    process: ['arch', 'pid', 'version'],
  },
  {
    folder: 'batch',
    holds: 'many pictures in order: filters, resuming, merging',
    imports: ['runners', 'models', 'vectors', 'inputs', 'domain', 'untrusted-data', 'files', 'errors'],
    node: ['crypto', 'fs', 'fs/promises', 'path', 'stream', 'util'],
    process: ['stdin'],
  },
  {
    folder: 'runners',
    holds: 'how pictures are run: one after the other, in lanes on one memory, with decode processes',
    imports: ['models', 'vectors', 'images', 'engine', 'cost', 'inputs', 'networks', 'domain', 'files', 'errors'],
    node: ['child_process', 'os', 'url', 'v8', 'vm', 'worker_threads'],
    process: ['env'],
  },
  {
    folder: 'runners/decode-process.ts',
    holds: 'a program of its own: a decode process',
    imports: ['images', 'engine', 'domain', 'errors'],
    process: ['kill', 'on', 'pid', 'send'],
  },
  {
    folder: 'models',
    holds: 'models to run: bundled, installed or from files; cards, labels, integer ranges',
    imports: [
      'store',
      'report',
      'engine',
      'cost',
      'weights',
      'networks',
      'domain',
      'untrusted-data',
      'files',
      'errors',
    ],
    node: ['crypto', 'fs', 'module', 'path', 'url', 'zlib'],
  },
  {
    folder: 'store',
    holds: 'the catalog of published checkpoints, downloads, the folder of installed models',
    imports: ['net', 'weights', 'networks', 'domain', 'untrusted-data', 'files', 'errors'],
    node: ['crypto', 'fs', 'fs/promises', 'http', 'os', 'path', 'timers/promises', 'url'],
    process: ['env', 'kill', 'pid', 'platform'],
  },
  {
    folder: 'net',
    holds: 'HTTP and proxies',
    imports: ['errors'],
    node: ['http', 'https', 'net', 'timers/promises', 'tls'],
    process: ['env'],
  },
  {
    folder: 'report',
    holds: 'records as text, CSV, SVG and HTML: pure functions',
    imports: ['evaluation', 'cost', 'networks', 'domain', 'errors'],
    packages: ['d3-scale', 'hyparquet', 'hyparquet-writer'],
  },
  {
    folder: 'evaluation',
    holds: 'how good predictions are: metrics from predictions and truth; pure functions',
    imports: ['domain', 'errors'],
  },
  {
    folder: 'learning',
    holds: 'linear heads on features: splits, logistic regression; pure functions',
    imports: ['domain', 'errors'],
  },
  {
    folder: 'vectors',
    holds: 'vectors of pictures: .npy files, exact search for the nearest',
    imports: ['engine', 'weights', 'domain', 'untrusted-data', 'errors'],
    node: ['crypto', 'fs'],
  },
  {
    folder: 'images',
    holds: 'picture files as numbers; the only user of sharp',
    imports: ['archives', 'domain', 'files', 'errors'],
    packages: ['sharp', 'heic-decode', 'libheif-js/libheif-wasm/libheif-bundle.js'],
    node: ['fs', 'module', 'os', 'path', 'zlib'],
  },
  {
    folder: 'images/jpeg-turbo.ts',
    holds: 'libjpeg-turbo, compiled to WebAssembly',
    imports: ['files'],
    node: ['fs'],
    globals: ['WebAssembly'],
  },
  {
    folder: 'engine',
    holds: 'plans, packing, sessions, threads',
    imports: ['weights', 'networks', 'domain', 'untrusted-data', 'files', 'errors'],
    node: ['os', 'worker_threads'],
  },
  {
    folder: 'engine/kernels.ts',
    holds: 'the compiled kernels',
    imports: ['files', 'errors'],
    node: ['fs', 'zlib'],
    process: ['arch', 'version'],
    globals: ['WebAssembly'],
  },
  {
    folder: 'cost/graphs',
    holds: 'what graphs cost that are no list of layers',
    imports: ['weights', 'errors'],
  },
  {
    folder: 'cost',
    holds: 'formulas, conventions and published figures of what networks cost',
    imports: ['networks', 'errors'],
  },
  {
    folder: 'weights',
    holds: 'weights from files: formats side by side, one graph for all of them, families of checkpoints',
    imports: ['archives', 'networks', 'domain', 'untrusted-data', 'files', 'errors'],
    node: ['child_process', 'fs', 'path', 'url'],
    process: ['env', 'execPath'],
  },
  {
    folder: 'weights/formats/keras/hdf5-process.ts',
    holds: 'a program of its own: HDF5 files are read in a process with a memory limit',
    imports: [],
    packages: ['h5wasm'],
    node: ['fs'],
    process: ['argv', 'exitCode', 'stdin'],
    globals: ['WebAssembly'],
  },
  {
    folder: 'inputs',
    holds: 'finding inputs: folders, archives, patterns, lists, order, shards; names as bytes',
    imports: ['archives', 'domain', 'untrusted-data', 'files', 'errors'],
    packages: ['papaparse'],
    node: ['crypto', 'fs', 'fs/promises', 'net', 'path', 'stream', 'util'],
    process: ['cwd', 'platform'],
  },
  {
    folder: 'archives',
    holds: 'the members of archives: tar, gzip, zstd, zip, Parquet',
    imports: ['domain', 'untrusted-data', 'files', 'errors'],
    packages: ['fzstd', 'hyparquet', 'hyparquet-compressors/src/lz4.js', 'yauzl'],
    node: ['buffer', 'fs', 'stream', 'util', 'worker_threads', 'zlib'],
    process: ['versions'],
  },
  {
    folder: 'networks',
    holds: 'networks as data, one file for each paper; shapes, paddings, lifetimes',
    imports: ['errors'],
  },
  {
    folder: 'domain',
    holds: 'types and rules that every part knows: predictions, preprocessing, ranks',
    imports: ['errors'],
  },
  {
    folder: 'untrusted-data',
    holds: 'reading bytes, files and records that may be damaged or hostile',
    imports: ['errors'],
    node: ['fs', 'path'],
  },
  {
    folder: 'files',
    holds:
      'where files of the package and the cache are; files that are replaced whole; locks; calls that may take long',
    imports: ['errors'],
    node: ['crypto', 'fs', 'fs/promises', 'os', 'path', 'timers/promises', 'util'],
    process: ['kill', 'pid', 'platform'],
  },
  {
    folder: 'files/short-run-code.ts',
    holds: 'when V8 optimises, in processes that end soon',
    imports: [],
    node: ['v8'],
    process: ['versions'],
    globals: ['WebAssembly'],
  },
  {
    folder: 'errors',
    holds: 'errors and printable text',
    imports: [],
    packages: ['leven'],
  },
];

/** Folders whose subfolders know nothing of each other. */
export const sideBySide: readonly string[] = ['weights/formats'];

/** Imports against the table, each for its reason. */
export const exceptions: readonly { readonly file: string; readonly imports: string; readonly why: string }[] = [
  {
    file: 'weights/formats/keras/hdf5.ts',
    imports: 'weights/formats/safetensors/safetensors.ts',
    why: 'the HDF5 process sends tensors in the form of safetensors',
  },
  {
    file: 'cli/options/weights-words.ts',
    imports: 'weights/formats/table.ts',
    why: 'help names the formats of weights from their table',
  },
];

/** Files that the build writes and sources name. */
export const builtFiles: readonly { readonly file: string; readonly imports: string }[] = [
  { file: 'engine/kernel-constants.ts', imports: '../build/kernels.ts' },
  { file: 'images/sharp.ts', imports: 'images/sharp.cjs' },
  { file: 'cli/start/compiled-code.ts', imports: 'cli/start/start-later.cjs' },
];

/** The only imports whose names are put together at run time. */
export const computedImports: readonly { readonly file: string; readonly code: string; readonly why: string }[] = [
  {
    file: 'images/sharp.ts',
    code: `require(join(dirname(entry), '../package.json'))`,
    why: 'the version of the sharp that is installed, wherever that is',
  },
  {
    file: 'cli/start/kept-scripts.ts',
    code: 'require(id)',
    why: 'the files of the built command ask for each other, and for modules of Node.js',
  },
];

/** Files that still import each other, in groups. To be emptied, and not to be added to. */
export const knownCycles: readonly (readonly string[])[] = [];
