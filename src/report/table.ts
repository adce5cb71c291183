import { elementAt } from '../errors/element-at.js';
import { printable } from '../errors/printable.js';
import { alignColumns, type Side } from './columns.js';

/** With `text` a number that its column's format does not suit. */
export type Cell = string | number | null | { readonly value: number; readonly text: string };

export interface Column {
  readonly name: string;
  readonly side: Side;
  /** For people; machine formats give the number as it is. */
  readonly format?: (value: number) => string;
  /** Left out first where the terminal is narrow: the larger, the sooner; 0 stays. */
  readonly spare?: number;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** One part of a page: a table or lines of prose, or both. */
export interface Section {
  readonly title?: string;
  readonly lines?: readonly string[];
  readonly table?: Table;
  /** What CSV gives. */
  readonly isMain?: boolean;
}

const GAP = 2;
/** Prose is not wrapped to less than this. */
const NARROWEST_PROSE = 16;

/** The page for a terminal of `width` columns, or in full where there is none. */
export function pageText(sections: readonly Section[], width?: number): string {
  const parts = sections.map(({ title, lines = [], table }) => {
    const head = title === undefined ? [] : [title];
    const rows = table ? tableText(table, width) : [];
    return [...head, ...lines.flatMap((line) => wrap(printable(line), width)), ...rows];
  });
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** GitHub's Markdown: every column, numbers as people read them. */
export function pageMarkdown(sections: readonly Section[]): string {
  const parts = sections.map(({ title, lines = [], table }) => {
    const blocks: string[] = [];
    if (title !== undefined) blocks.push(`### ${markdownText(title)}`);
    if (lines.length > 0) blocks.push(lines.map(markdownText).join('  \n'));
    if (table) blocks.push(tableMarkdown(table));
    return blocks.join('\n\n');
  });
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The page's main table by RFC 4180, numbers as they are, with a line of headings; lines end in a line feed. */
export function pageCsv(sections: readonly Section[]): string {
  const { columns, rows } = sections.find(({ isMain }) => isMain)!.table!;
  return [columns.map(({ name }) => name), ...rows].map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

/** A file's text that begins like a formula would be run by a spreadsheet. */
function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  if (typeof cell === 'object') return String(cell.value);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function tableText(table: Table, width: number | undefined): readonly string[] {
  const texts = [table.columns.map(({ name }) => name), ...table.rows.map((cells) => cells.map(cellText(table)))];
  const spans = table.columns.map((_, column) => Math.max(...texts.map((cells) => length(elementAt(cells, column)))));
  const shown = chooseColumns(table.columns, spans, width);
  const hidden = table.columns.filter((_, index) => !shown.includes(index));
  const sides = shown.map((index) => elementAt(table.columns, index).side);
  let rows = texts.map((cells) => shown.map((index) => elementAt(cells, index)));
  if (width !== undefined) rows = wrapLast(rows, spans, shown, sides, width);
  const lines = alignColumns(rows, sides);
  if (hidden.length === 0) return lines;
  return [...lines, ...wrap(`(hidden columns: ${hidden.map(({ name }) => name).join(', ')})`, width)];
}

/** Prose in the last column goes on below itself. */
function wrapLast(
  rows: readonly (readonly string[])[],
  spans: readonly number[],
  shown: readonly number[],
  sides: readonly Side[],
  width: number,
): string[][] {
  const before = shown.slice(0, -1).reduce((sum, index) => sum + elementAt(spans, index) + GAP, 0);
  const room = width - before;
  if (sides.at(-1) !== 'left' || room < NARROWEST_PROSE) return rows.map((cells) => [...cells]);
  return rows.flatMap((cells) => {
    const [first = '', ...more] = wrap(cells.at(-1)!, room);
    return [[...cells.slice(0, -1), first], ...more.map((line) => [...cells.slice(0, -1).map(() => ''), line])];
  });
}

/** Indices of the columns that fit; prose at the end may be wrapped, so little of it has to. */
function chooseColumns(columns: readonly Column[], spans: readonly number[], width: number | undefined): number[] {
  let shown = columns.map((_, index) => index);
  if (width === undefined) return shown;
  const needs = (indices: readonly number[]) =>
    indices.reduce((sum, index, place) => {
      const isProse = place === indices.length - 1 && columns[index]?.side === 'left' && place > 0;
      const span = elementAt(spans, index);
      return sum + (place > 0 ? GAP : 0) + (isProse ? Math.min(span, NARROWEST_PROSE) : span);
    }, 0);
  while (needs(shown) > width) {
    const sparest = Math.max(...shown.map((index) => columns[index]?.spare ?? 0));
    if (sparest === 0) break;
    const last = shown.findLast((index) => columns[index]?.spare === sparest);
    shown = shown.filter((index) => index !== last);
  }
  return shown;
}

function cellText({ columns }: Table): (cell: Cell, column: number) => string {
  return (cell, column) => {
    if (cell === null) return '';
    if (typeof cell === 'string') return printable(cell);
    if (typeof cell === 'object') return cell.text;
    return columns[column]?.format?.(cell) ?? String(cell);
  };
}

function wrap(text: string, width: number | undefined): string[] {
  if (width === undefined || length(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && length(line) + 1 + length(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function tableMarkdown(table: Table): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const format = cellText(table);
  return [
    row(table.columns.map(({ name }) => markdownText(name))),
    row(table.columns.map(({ side }) => (side === 'left' ? ':---' : '---:'))),
    ...table.rows.map((cells) => row(cells.map((cell, index) => markdownText(format(cell, index))))),
  ].join('\n');
}

function markdownText(text: string): string {
  return text
    .trim()
    .replace(/[\\|`*_<>[\]]/g, '\\$&')
    .replaceAll('\n', ' ');
}

function length(text: string): number {
  return text.length;
}
