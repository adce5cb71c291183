import type { Section } from '../report/table.js';
import { type OutputFlags, readFormat, terminalWidth } from './cost-options.js';

/** Prints a page in the form that was asked for; `record` is what JSON gives. */
export async function printPage(
  flags: OutputFlags,
  record: unknown,
  sections: readonly Section[],
  print: (text: string) => void,
): Promise<void> {
  const format = readFormat(flags);
  if (format === 'json') return print(`${JSON.stringify(record, null, 2)}\n`);
  const { pageCsv, pageMarkdown, pageText } = await import('../report/table.js');
  if (format === 'csv') return print(pageCsv(sections));
  print(format === 'md' ? pageMarkdown(sections) : pageText(sections, terminalWidth()));
}
