import { jsonDocument } from '../../report/json.js';
import { pageCsv, pageMarkdown, pageText, type Section } from '../../report/table.js';
import type { PageFormat } from '../options/page-options.js';
import { isStdoutTerminal } from '../terminal/stdout.js';

/** A page in the format that was asked for; `record` is what JSON gives. */
export function formatPage(format: PageFormat, record: unknown, sections: readonly Section[]): string {
  switch (format) {
    case 'json':
      return jsonDocument(record);
    case 'csv':
      return pageCsv(sections);
    case 'md':
      return pageMarkdown(sections);
    case 'text':
      return pageText(sections, terminalWidth());
  }
}

/** Columns of the terminal; undefined where stdout is none, so that nothing is left out. */
function terminalWidth(): number | undefined {
  return isStdoutTerminal() ? process.stdout.columns : undefined;
}
