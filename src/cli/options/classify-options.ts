import { FORMATS, type FormatName } from '../../report/formats.js';
import { computationOptions, errorOptions, inputOptions, modelOptions, rowOptions } from './batch-options.js';
import { json } from './model-options.js';
import { commaSeparated, flag, oneOf, probability, switchOff, text, wholeNumber } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

/** `--print` has an option of its own. */
export const NAMED_FORMATS = FORMATS.filter((name): name is Exclude<FormatName, 'print'> => name !== 'print');

export const predictionOptions = {
  top: wholeNumber('-k, --top <count>', 'predictions per image (default: 5; with --format paths: 1)', {
    unit: 'predictions',
  }),
  min: probability('--min <probability>', 'keep predictions with at least this probability, 0 to 1'),
  only: commaSeparated(
    '--only <classes>',
    'keep predictions of these classes, separated by commas: labels, synset ids, indices or groups such as dog',
  ),
  not: commaSeparated('--not <classes>', 'drop predictions of these classes'),
  group: flag('--group', 'add up the probabilities of related classes, such as all birds'),
};

export const outputOptions = {
  format: oneOf(
    '-f, --format <name>',
    'output format (%s; default: by the extension of --output, otherwise text)',
    NAMED_FORMATS,
  ),
  json,
  long: flag('--long', 'in text, list every prediction of every image, not one line for each of several images'),
  rowModel: switchOff('--no-model', 'leave the model out of the rows of JSONL, which then cannot be resumed or merged'),
  print: text(
    '--print <template>',
    'print a line for each prediction: {file} {label} {id} {index} {rank} {probability} {percent}',
  ),
  ...rowOptions,
};

export const classifyOptions = {
  ...modelOptions,
  ...computationOptions,
  ...inputOptions,
  ...predictionOptions,
  ...outputOptions,
  ...errorOptions,
};

export type ClassifyFlags = OptionValues<typeof classifyOptions>;
