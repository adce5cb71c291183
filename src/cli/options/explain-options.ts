import { computationOptions, errorOptions, inputOptions, modelOptions } from './batch-options.js';
import { json, quiet } from './model-options.js';
import { flag, text } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

export const explainedOptions = {
  class: text(
    '-c, --class <class>',
    'explain this class: a label, synset id, index or a group such as dog, which stands for its most probable class (default: the most probable class)',
  ),
  against: text(
    '--against <class>',
    'explain the difference from this class: what is evidence for one and not for the other',
  ),
};

export const explainComputationOptions = {
  dtype: computationOptions.dtype,
  deterministic: computationOptions.deterministic,
  fullDecode: computationOptions.fullDecode,
};

export const explainOutputOptions = {
  output: text(
    '-o, --output <file>',
    'write the heat map to this file: .png for a picture, .json for the numbers (then nothing is printed)',
  ),
  overwrite: flag('--overwrite', 'replace the output file'),
  json,
  quiet,
};

export const explainInputOptions = {
  allowUrl: inputOptions.allowUrl,
  lenient: flag('--lenient', 'explain what is left of a truncated JPEG, PNG or GIF'),
  maxPixels: errorOptions.maxPixels,
};

export const explainOptions = {
  ...explainedOptions,
  ...modelOptions,
  ...explainComputationOptions,
  ...explainInputOptions,
  ...explainOutputOptions,
};

export type ExplainFlags = OptionValues<typeof explainOptions>;
