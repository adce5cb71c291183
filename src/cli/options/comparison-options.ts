import { countingOptions } from './counting-options.js';
import { flag, text } from './option-kinds.js';
import type { OptionValues } from './option-table.js';
import { pageOptions } from './page-options.js';

/** What `cost compare` and `cost sweep` both have. */
export const comparisonOutputOptions = {
  others: flag('--others', 'add networks by other authors (VGG 16, …) as these papers print them, not computed'),
  ...pageOptions,
  plot: text('--plot <file>', 'draw accuracy against MACs: .svg, .png or .html'),
};
export const comparisonOptions = { ...countingOptions, ...comparisonOutputOptions };

export type ComparisonFlags = OptionValues<typeof comparisonOptions>;
