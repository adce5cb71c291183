import type { RowRecord } from '../domain/classification.js';
import { answersOf } from './answers.js';
import { pictureNotes } from './picture-notes.js';

const COLUMNS = ['file', 'rank', 'index', 'id', 'label', 'probability', 'error', 'note'] as const;

/** Rows of comma- or tab-separated values: one for each prediction, one for a picture that failed. */
export function csvHeading(kind: 'csv' | 'tsv'): string {
  return line(kind, COLUMNS);
}

export function csvRows(kind: 'csv' | 'tsv', record: RowRecord, ranks: readonly number[]): string {
  if ('error' in record) return line(kind, [record.file, '', '', '', '', '', record.error.code, '']);
  return answersOf(record, ranks)
    .map(({ rank, index, id, label, probability }) =>
      line(kind, [record.file, rank, index ?? '', id ?? '', label, probability ?? '', '', pictureNotes(record)]),
    )
    .join('');
}

function line(kind: 'csv' | 'tsv', cells: readonly (string | number)[]): string {
  const write = kind === 'csv' ? csvCell : tsvCell;
  return `${cells.map((cell) => (typeof cell === 'number' ? String(cell) : write(cell))).join(kind === 'csv' ? ',' : '\t')}\n`;
}

/** RFC 4180. What steers a terminal is an escape, though a backslash stays itself; tabs and line ends stand in quotes. */
function csvCell(text: string): string {
  const cell = inert(text).replace(control, toEscape);
  return /[",\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** A row is a line and a cell has no quotes, so all control characters are escapes, and a backslash is two. */
function tsvCell(text: string): string {
  return inert(text).replace(controlOrBreak, toEscape);
}

/** A spreadsheet takes what begins like this for a formula; after a quote it is text (OWASP, CSV injection). A lone `-` is stdin. */
function inert(text: string): string {
  return /^([=+@\t\r]|-.)/s.test(text) ? `'${text}` : text;
}

const shortEscapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

function toEscape(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return shortEscapes[character] ?? (code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`);
}

// All but tab, line feed and carriage return, which CSV can hold.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controlOrBreak = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\\]/g;
