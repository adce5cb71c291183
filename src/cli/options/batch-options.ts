import { DEFAULT_MODEL, MOST_PIXELS, MOST_THREADS } from '../../domain/defaults.js';
import { dtypes, MOST_WEIGHT_FILES } from '../../domain/model-choice.js';
import { cropMethods, resizeFilters } from '../../domain/preprocessing.js';
import { UsageError } from '../../errors/errors.js';
import { parseShard } from '../../inputs/shard.js';
import { alpha, input, labels, mean, modelHelp, outputName, quiet, resolution, std } from './model-options.js';
import {
  commaSeparated,
  flag,
  oneOf,
  outputFile,
  parsePositive,
  positiveNumber,
  repeated,
  switchOff,
  text,
  wholeNumber,
  withDefault,
} from './option-kinds.js';
import type { OptionRow } from './option-table.js';
import { weightsWords } from './weights-words.js';

/** The longest that a timer can wait. */
const MOST_SECONDS = 2_000_000;

/** Which model runs, and how images are prepared for it. */
export const modelOptions = {
  model: text('-m, --model <name>', modelHelp('the name of an installed model', DEFAULT_MODEL)),
  alpha,
  resolution,
  pull: flag('--pull', 'download the model if it is neither bundled nor installed'),
  weights: repeated(
    '--weights <file>',
    `run your own weights: ${weightsWords}; if given twice, the output of the first graph is the input of the second`,
    MOST_WEIGHT_FILES,
  ),
  labels,
  input,
  mean,
  std,
  outputName,
  crop: oneOf(
    '--crop <how>',
    'crop the centre of the image, or squash all of it into a square (%s; default: as the model was trained)',
    cropMethods,
  ),
  filter: oneOf('--resize <filter>', 'how images are scaled (%s; default: as the model was trained)', resizeFilters),
};

export const computationOptions = {
  dtype: oneOf(
    '--dtype <type>',
    'compute in 32-bit floats or in integers, which is faster and slightly less accurate (%s; default: f32)',
    dtypes,
  ),
  exact: flag(
    '--exact',
    'compute a quantised TFLite file in its own integers, bit for bit as TFLite’s reference kernels do (default where possible)',
  ),
  fast: flag('--fast', 'compute a quantised TFLite file in floats, with slightly different probabilities'),
  deterministic: flag(
    '--deterministic',
    'give the same digits with every version of Node.js, without the faster fused multiply-add',
  ),
  fullDecode: flag(
    '--full-decode',
    'decode every pixel of large JPEG and WebP images, which takes longer; answers differ very little',
  ),
  threads: wholeNumber(
    '-t, --threads <count>',
    `threads per image, 1 to ${MOST_THREADS} (default: 2 if there is enough work, otherwise 1)`,
    { most: MOST_THREADS },
  ),
  jobs: wholeNumber(
    '-j, --jobs <count>',
    'images to process in parallel, a thread for each (default: the number of CPU cores if there are more than 8 images, otherwise 1)',
    { most: MOST_THREADS },
  ),
};

export const inputOptions = {
  recursive: switchOff('--no-recursive', 'do not descend into subfolders'),
  hidden: flag('--hidden', 'include files and folders whose names start with a dot'),
  include: repeated('--include <glob>', 'in folders, take only files whose names match; repeatable'),
  exclude: repeated('--exclude <glob>', 'in folders, skip files and folders whose names match; repeatable'),
  withFields: commaSeparated(
    '--with-fields <names>',
    'in JSON, add these fields of the JSON beside each image of a WebDataset shard, or of the rows of a Parquet file; separated by commas',
  ),
  filesFrom: repeated('--files-from <file>', 'take the files listed in this file, or - for stdin; repeatable'),
  nul: flag(
    '-0, --null',
    'end names with NUL instead of a newline, in --files-from and in the output of --format paths and --print',
  ),
  nulInput: flag('--null-input', 'like --null, for --files-from only'),
  nulOutput: flag('--null-output', 'like --null, for the output only'),
  shard: {
    flags: '--shard <k/n>',
    help: 'take only part k of n, chosen by a hash of the file names: 1/16 to 16/16',
    parse: parseShard,
  } satisfies OptionRow<ReturnType<typeof parseShard>>,
  stdinName: text('--stdin-name <name>', 'report the image on stdin (-) under this name'),
  stdinFrames: flag(
    '--stdin-frames',
    'read images from stdin in frames: key length, key, image length, image; lengths are unsigned 32-bit integers, big-endian',
  ),
  allowUrl: flag(
    '--allow-url',
    'download http:// and https:// names, also in lists, at most 64 MiB and 2 minutes each',
  ),
};

/** Of the file that rows go to, one for each image. */
export const rowOptions = {
  output: outputFile('-o, --output <file>', 'write to this file instead of stdout'),
  overwrite: flag('--overwrite', 'replace the contents of the output file'),
  resume: flag(
    '--resume',
    'resume an interrupted run: skip images that already have an up-to-date row in --output (JSONL)',
  ),
  hash: flag('--hash', 'detect changed files by their SHA-256 instead of their time; every row includes it'),
  progress: flag('--progress', 'report progress on stderr every 10 seconds'),
  quiet,
};

export const errorOptions = {
  reportSkipped: flag('--report-skipped', 'in JSON and CSV, also give rows for files in folders that are not images'),
  allowFailures: flag('--allow-failures', 'exit with 0 although some or all images failed; the rows say which'),
  strict: flag('--strict', 'stop at the first image that fails'),
  lenient: flag('--lenient', 'take what is left of a truncated JPEG, PNG or GIF; its row says "truncated"'),
  maxPixels: withDefault(
    wholeNumber('--max-pixels <count>', 'reject images with more pixels', { unit: 'pixels' }),
    MOST_PIXELS,
  ),
  timeout: {
    ...positiveNumber(
      '--timeout <seconds>',
      'decode in separate processes, killed after this many seconds; an image that crashes the decoder does not affect the others',
    ),
    parse: parseTimeout,
  },
};

function parseTimeout(value: string, where: string): number {
  const seconds = parsePositive(value, where);
  if (seconds > MOST_SECONDS) throw new UsageError({ where, expected: `at most ${MOST_SECONDS} seconds` });
  return seconds;
}
