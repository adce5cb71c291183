import { UsageError } from '../../errors/errors.js';
import { json } from './model-options.js';
import { flag } from './option-kinds.js';
import type { OptionValues } from './option-table.js';

/** How a page with tables is written. */
export const pageOptions = {
  json,
  csv: flag('--csv', 'print the main table as CSV, with unrounded numbers'),
  md: flag('--md', 'print Markdown'),
};

export type PageFlags = OptionValues<typeof pageOptions>;
export type PageFormat = 'text' | 'json' | 'csv' | 'md';

/** Throws UsageError where two are asked for. */
export function readPageFormat({ json, csv, md }: PageFlags): PageFormat {
  const asked = [json && 'json', csv && 'csv', md && 'md'].filter((format) => typeof format === 'string');
  if (asked.length > 1) throw new UsageError({ where: `--${asked.join(' --')}`, expected: 'only one of them' });
  return (asked[0] as PageFormat | undefined) ?? 'text';
}
