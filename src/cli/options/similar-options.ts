import { similarityRule } from '../../domain/option-rules.js';
import { DUPLICATE_FORMATS } from '../../report/duplicates-text.js';
import { SIMILAR_FORMATS } from '../../report/similar-text.js';
import { KEEP_CHOICES } from '../../use-cases/keep-order.js';
import * as shared from './batch-options.js';
import { flag, oneOf, probability, required, text, wholeNumber, withDefault } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

const { labels: _labels, outputName: _outputName, ...modelOptions } = shared.modelOptions;
const { exact: _exact, fast: _fast, ...computationOptions } = shared.computationOptions;
const { shard: _shard, stdinFrames: _stdinFrames, withFields: _withFields, ...inputOptions } = shared.inputOptions;
const { resume: _resume, hash: _hash, ...outputOptions } = shared.rowOptions;
const { reportSkipped: _reportSkipped, strict: _strict, ...errorOptions } = shared.errorOptions;

export { computationOptions, errorOptions, modelOptions };

/** Of commands that compare pictures by their vectors. */
export const comparedInputOptions = {
  ...inputOptions,
  nul: flag(
    '-0, --null',
    'end names with NUL instead of a newline, in --files-from and in the output of --format paths',
  ),
};

const comparisonOptions = { ...modelOptions, ...computationOptions, ...comparedInputOptions, ...errorOptions };

export const searchOptions = {
  in: required(
    text('--in <npy|folder>', 'search here: a folder of images, or a .npy file that mobilenet embed has written'),
  ),
  top: withDefault(wholeNumber('-k, --top <count>', 'similar images for each query', { unit: 'images' }), 10),
  min: probability('--min <similarity>', 'list only images with at least this similarity, 0 to 1', similarityRule),
};

export const similarOutputOptions = {
  format: oneOf('-f, --format <name>', 'output format (%s; default: text)', SIMILAR_FORMATS),
  ...outputOptions,
};

export const similarOptions = { ...searchOptions, ...comparisonOptions, ...similarOutputOptions };

export type SimilarFlags = OptionValues<typeof similarOptions>;

export const groupOptions = {
  like: withDefault(
    probability(
      '--like <similarity>',
      'least similarity of a duplicate to the image that is kept, 0 to 1',
      similarityRule,
    ),
    0.85,
  ),
  identical: flag('--identical', 'find files with the same bytes instead, by SHA-256; no model runs'),
  against: text(
    '--against <npy|folder>',
    'also find images that are already in this archive, which is not compared with itself: a folder, or a .npy file that mobilenet embed has written',
  ),
  keep: withDefault(oneOf('--keep <which>', 'which image of a group to keep: %s', KEEP_CHOICES), 'largest'),
};

export const duplicatesOutputOptions = {
  format: oneOf(
    '-f, --format <name>',
    'output format: %s; paths lists all images of a group but the one to keep (default: text)',
    DUPLICATE_FORMATS,
  ),
  ...outputOptions,
};

export const duplicatesOptions = { ...groupOptions, ...comparisonOptions, ...duplicatesOutputOptions };

export type DuplicatesFlags = OptionValues<typeof duplicatesOptions>;
