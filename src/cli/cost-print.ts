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
  const { pageCsv, pageMarkdown, pageText } = await import('../report/table.js');
  switch (format) {
    case 'json':
      print(`${JSON.stringify(record, null, 2)}\n`);
      break;
    case 'csv':
      print(pageCsv(sections));
      break;
    case 'md':
      print(pageMarkdown(sections));
      break;
    case 'text':
      print(pageText(sections, terminalWidth()));
  }
}
