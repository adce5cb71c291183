import { inputRangeNames } from '../../domain/input-range.js';
import { listOf } from '../../domain/option-rules.js';
import { MAX_RESOLUTION } from '../../networks/channels.js';
import { networkIds, networks } from '../../networks/index.js';
import { paddingConventions } from '../../networks/types.js';
import { commaSeparated, flag, oneOf, parseReal, positiveNumber, text, wholeNumber } from './option-kinds.js';

/** Networks that weights can be had for. */
export const trainedNetworks: readonly string[] = networkIds.filter((id) => !networks[id].costOnly);

/** What help calls them. */
export const networkWords = wordsFor(trainedNetworks);

const RESOLUTION = '-r, --res <pixels>';

/** Rows that several commands have, for the network and its weights. */
export const alpha = positiveNumber('--alpha <number>', 'width multiplier α');
export const resolution = wholeNumber(
  RESOLUTION,
  'input resolution: side of the network’s square input (default: as the weights were trained)',
  { unit: 'pixels', most: MAX_RESOLUTION },
);
export const builtAlpha = positiveNumber('--alpha <number>', 'width multiplier α (default: 1)');
export const builtResolution = wholeNumber(
  RESOLUTION,
  'side of the network’s square input (default: the network’s own, usually 224)',
  { unit: 'pixels', most: MAX_RESOLUTION },
);
export const labels = text('--labels <file>', 'class names: one per line, JSON, or CSV lines “index,name”');
export const padding = oneOf(
  '--padding <convention>',
  'how “same” padding is placed (%s; default: by the file’s origin)',
  paddingConventions,
);
export const input = oneOf(
  '--input <range>',
  'range of the input values that your own model was trained on (%s; default: as its files say)',
  inputRangeNames,
);
export const mean = commaSeparated(
  '--mean <r,g,b>',
  'instead of --input: mean of the input values, in units of 0 to 1',
  parseReal,
);
export const std = commaSeparated('--std <r,g,b>', 'with --mean: standard deviation, in the same units', parseReal);
export const outputName = text(
  '--output-name <name>',
  'the output that has the classes, if your ONNX file or frozen graph has several (default: found by its shape)',
);
export const json = flag('--json', 'print one JSON document');
export const quiet = flag('-q, --quiet', 'print nothing but errors on stderr: no notes, no progress, no summary');

/** A network or one of `others`. */
export function modelHelp(others: string, defaultModel: string): string {
  return `${listOf([...networkWords, others])} (default: ${defaultModel})`;
}

/** Where only the number at the end counts on, the first and the last: `efficientnet_lite0 to efficientnet_lite4`. */
function wordsFor(names: readonly string[]): readonly string[] {
  const runs = new Map<string, string[]>();
  for (const name of names) {
    const start = name.replace(/\d+$/, '');
    runs.set(start, [...(runs.get(start) ?? []), name]);
  }
  return [...runs.values()].flatMap((run) => (run.length > 2 ? [`${run[0]} to ${run.at(-1)}`] : run));
}
