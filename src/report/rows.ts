import type { ImageRecord } from './records.js';

export const COLUMNS = ['file', 'rank', 'index', 'id', 'label', 'probability', 'error'] as const;

/** Rows of comma- or tab-separated values: one for each prediction, one for a picture that failed. */
export function headingRow(kind: 'csv' | 'tsv'): string {
  return line(kind, COLUMNS);
}

export function rowsOf(kind: 'csv' | 'tsv', record: ImageRecord, ranks: readonly number[]): string {
  if ('error' in record) return line(kind, [record.file, '', '', '', '', '', record.error.code]);
  return record.predictions
    .map(({ index, id, label, probability }, at) =>
      line(kind, [record.file, ranks[at]!, index, id ?? '', label, probability, '']),
    )
    .join('');
}

function line(kind: 'csv' | 'tsv', cells: readonly (string | number)[]): string {
  const write = kind === 'csv' ? csvCell : tsvCell;
  return `${cells.map((cell) => (typeof cell === 'number' ? String(cell) : write(cell))).join(kind === 'csv' ? ',' : '\t')}\n`;
}

/** RFC 4180. */
function csvCell(text: string): string {
  const cell = inert(text);
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Tabs, line ends and backslashes as `\t`, `\n`, `\r`, `\\`: a row is a line, a cell has no quotes. */
function tsvCell(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };
  return inert(text).replace(/[\t\n\r\\]/g, (character) => escapes[character]!);
}

/** A spreadsheet takes what begins like this for a formula; after a quote it is text (OWASP, CSV injection). A lone `-` is stdin. */
function inert(text: string): string {
  const steered = text.replace(control, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return /^([=+@\t\r]|-.)/s.test(text) ? `'${steered}` : steered;
}

// All but tab, line feed and carriage return, which the formats can hold.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
