import { json } from './model-options.js';
import { flag, oneOf, outputFile, wholeNumber } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

export const MERGED_FORMATS = ['jsonl', 'json', 'csv', 'tsv', 'parquet', 'paths'] as const;
export type MergedFormat = (typeof MERGED_FORMATS)[number];

export const mergeOptions = {
  format: oneOf(
    '-f, --format <name>',
    'output format (%s; default: by the extension of --output, otherwise jsonl)',
    MERGED_FORMATS,
  ),
  json,
  nulOutput: flag('-0, --null-output', 'with --format paths, end names with NUL instead of a newline'),
  output: outputFile('-o, --output <file>', 'write to this file instead of stdout'),
  expect: wholeNumber(
    '--expect <count>',
    'write nothing unless there are this many parts, all finished (PART.done says so), whole, and made with the same options',
    { unit: 'parts' },
  ),
  overwrite: flag('--overwrite', 'replace the output file'),
  allowFailures: flag('--allow-failures', 'exit with 0 although rows are errors'),
};

export type MergeFlags = OptionValues<typeof mergeOptions>;
