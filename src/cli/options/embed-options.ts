import * as shared from './batch-options.js';
import { flag, oneOf, text } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

export const VECTOR_FORMATS = ['npy', 'jsonl'] as const;

const { labels: _labels, outputName: _outputName, ...modelOptions } = shared.modelOptions;
const { exact: _exact, fast: _fast, ...computationOptions } = shared.computationOptions;
const { nulOutput: _nulOutput, nulInput: _nulInput, ...inputOptions } = shared.inputOptions;

export { computationOptions, modelOptions };

export const embedInputOptions = {
  ...inputOptions,
  nul: flag('-0, --null', 'end names in --files-from with NUL instead of a newline'),
};

export const vectorOptions = {
  layer: text('--layer <name>', 'output of this layer, flattened (default: the features before the classifier)'),
  raw: flag('--raw', 'do not normalise vectors to length 1'),
};

export const embedOutputOptions = {
  format: oneOf('-f, --format <name>', 'output format (%s; default: by the extension of --output, otherwise jsonl)', [
    ...VECTOR_FORMATS,
  ]),
  ...shared.rowOptions,
  resume: flag('--resume', 'resume an interrupted run: skip images that already have an up-to-date row in --output'),
};

export const embedErrorOptions = {
  ...shared.errorOptions,
  reportSkipped: flag('--report-skipped', 'also give rows for files in folders that are not images'),
};

export const embedOptions = {
  ...modelOptions,
  ...computationOptions,
  ...embedInputOptions,
  ...vectorOptions,
  ...embedOutputOptions,
  ...embedErrorOptions,
};

export type EmbedFlags = OptionValues<typeof embedOptions>;
