import { DEFAULT_MODEL } from '../../domain/defaults.js';
import { probabilityRule } from '../../domain/option-rules.js';
import { UsageError } from '../../errors/errors.js';
import { computationOptions, errorOptions, inputOptions, rowOptions } from './batch-options.js';
import { alpha, json, modelHelp, quiet, resolution } from './model-options.js';
import { flag, modelName, required, text, withDefault } from './option-kinds.js';
import type { OptionRow, OptionValues } from './option-table.js';

/** Share of the images of the classes that are taken for unknown. */
const FALSE_ALARMS = 0.05;
const HELD_OUT = 0.2;
/** A group of each class has to be learned from. */
const MOST_HELD_OUT = 0.9;
const MOST_SEED = 2 ** 32 - 1;

/** The model that is made. */
export const learnedOptions = {
  name: required(modelName('--as <name>', 'name of the new model, for --model')),
  replace: flag('--replace', 'replace an installed model of this name'),
  model: text(
    '-m, --model <name>',
    `the model whose features are used: ${modelHelp('an installed model', DEFAULT_MODEL)}`,
  ),
  alpha,
  resolution,
  unknown: withDefault(
    {
      flags: '--unknown <share>',
      help: 'share of images of the classes that may be called unknown, 0 to 1, or off',
      parse: parseUnknown,
    } satisfies OptionRow<number | 'off'>,
    FALSE_ALARMS as number | 'off',
  ),
};

export const trainingOptions = {
  truth: text(
    '--truth <file>',
    'take classes from a CSV table “file,class” instead of folders; <folder> is where the files are',
  ),
  test: text('--test <folder>', 'measure the accuracy on this folder of class folders, which is never learned from'),
  holdOut: withDefault(
    {
      flags: '--hold-out <share>',
      help: 'without --test: measure the accuracy on this share of the images before learning from all; 0: by cross-validation',
      parse: parseHoldOut,
    } satisfies OptionRow<number>,
    HELD_OUT,
  ),
  seed: withDefault(
    { flags: '--seed <number>', help: 'seed of the random split', parse: parseSeed } satisfies OptionRow<number>,
    1,
  ),
  dtype: { ...computationOptions.dtype, help: computationOptions.dtype.help.replace('compute', 'compute features') },
  deterministic: {
    ...computationOptions.deterministic,
    help: 'make the same model, byte for byte, with every version of Node.js',
  },
  fullDecode: computationOptions.fullDecode,
  jobs: computationOptions.jobs,
};

const { recursive, hidden, include, exclude } = inputOptions;
const { lenient, maxPixels, timeout } = errorOptions;

export const learnInputOptions = { recursive, hidden, include, exclude, lenient, maxPixels, timeout };

export const learnOutputOptions = { json, progress: rowOptions.progress, quiet };

export const learnOptions = { ...learnedOptions, ...trainingOptions, ...learnInputOptions, ...learnOutputOptions };

export type LearnFlags = OptionValues<typeof learnOptions>;

function parseUnknown(value: string, where: string): number | 'off' {
  if (value === 'off') return 'off';
  const share = parseShare(value);
  if (share > 0 && share < 1) return share;
  throw new UsageError({ where, expected: 'off, or a share between 0 and 1 such as 0.05' });
}

function parseHoldOut(value: string, where: string): number {
  const share = parseShare(value);
  if (share >= 0 && share <= MOST_HELD_OUT) return share;
  throw new UsageError({ where, expected: `a share from 0 to ${MOST_HELD_OUT}` });
}

/** Not a number for what is no share. */
function parseShare(value: string): number {
  const share = /^(\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : Number.NaN;
  return probabilityRule.accepts(share) ? share : Number.NaN;
}

function parseSeed(value: string, where: string): number {
  if (/^\d+$/.test(value) && Number(value) <= MOST_SEED) return Number(value);
  throw new UsageError({ where, expected: `a whole number from 0 to ${MOST_SEED}` });
}
