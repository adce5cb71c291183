import { extname } from 'node:path';
import type { Label } from '../domain/label.js';
import { ModelError } from '../errors/errors.js';

const MAX_LABEL_LENGTH = 1000;
const MAX_INDEX = 1_000_000;
const LINE_END = /\r\n|\n|\r/;

/**
 * Labels in the order of their class indices. By the file's extension:
 * - `.tsv`: index, synset id, label
 * - `.csv`: a row for each class, with or without a heading that names the columns
 * - `.json`: a list; an object from index to label or from label to index; either under `labels`, `id2label`, … . A label may
 *   be a pair of synset id and label
 * - anything else: a label a line, with or without its index or synset id before it
 *
 * @param path names the file in messages
 * @param name the file's own name, whose extension tells its form
 * @throws ModelError `labels`
 */
export function parseLabels(bytes: Uint8Array, path: string, name = path): Label[] {
  const text = decodeText(bytes, path).replace(/^\uFEFF/, '');
  const kind = extname(name).toLowerCase();
  const labels =
    kind === '.json'
      ? labelsOfJson(parseJson(text, path), path)
      : kind === '.csv'
        ? parseCsv(text, path)
        : kind === '.tsv'
          ? parseTable(text, path)
          : parseLines(text, path);
  if (labels.length === 0) throw wrong(path, 'no labels');
  return labels;
}

export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelError('labels', { where: path, problem: 'not UTF-8 text' }, { cause });
  }
}

export function makeLabel(name: unknown, id: unknown, where: () => string): Label {
  if (!isLabelText(name)) throw wrong(where(), `no label, expected a text of at most ${MAX_LABEL_LENGTH} characters`);
  if (id === undefined) return { name: name.trim() };
  if (!isLabelText(id)) throw wrong(where(), 'no id before the label');
  return { id, name: name.trim() };
}

export function wrong(where: string, problem: string): ModelError {
  return new ModelError('labels', { where, problem });
}

function isLabelText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_LABEL_LENGTH;
}

/** A label with its class index, as a file gives it. */
interface Numbered {
  readonly index: number;
  readonly label: Label;
  readonly where: string;
}

/** In the order of the indices, of which there must be all from 0. */
function inOrder(entries: readonly Numbered[], path: string): Label[] {
  const labels: Label[] = [];
  for (const { index, label, where } of entries) {
    if (!(index >= 0 && index < MAX_INDEX)) throw wrong(where, `index ${index}, expected one from 0 on`);
    if (labels[index] !== undefined) throw wrong(where, `index ${index} appears twice`);
    labels[index] = label;
  }
  // biome-ignore lint/complexity/useIndexOf: indexOf passes over the holes that are looked for
  const gap = labels.findIndex((label) => label === undefined);
  if (gap >= 0) throw wrong(path, `index ${gap} is missing, expected all from 0 to ${labels.length - 1}`);
  return labels;
}

/** `0 Like`, `0: Like`, `0,Like`: as Teachable Machine writes them, among others. */
const NUMBERED_LINE = /^\s*(\d{1,7})(?:\s*[:,;]\s*|\s+)(\S.*)$/;

/** As ImageNet's lists have them. */
const SYNSET_LINE = /^(n\d{8})\s+(\S.*)$/;

function parseLines(text: string, path: string): Label[] {
  const lines = text.split(LINE_END);
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
  const at = (index: number) => `${path}:${index + 1}`;
  const numbered = lines.map((line) => NUMBERED_LINE.exec(line));
  if (isCount(numbered.map((match) => match?.[1]))) {
    const entries = numbered.map((match, index) => {
      const label = makeLabel(match![2], undefined, () => at(index));
      return { index: Number(match![1]), label, where: at(index) };
    });
    return inOrder(entries, path);
  }
  const synsets = lines.map((line) => SYNSET_LINE.exec(line));
  return lines.map((line, index) => {
    const [, id, name] = (synsets.every((match) => match !== null) && synsets[index]) || [];
    return makeLabel(name ?? line, id, () => at(index));
  });
}

/** Whether these are all numbers from 0 on, in any order, each once. */
function isCount(digits: readonly (string | undefined)[]): boolean {
  const numbers = new Set(digits.map(Number));
  return digits.length > 0 && numbers.size === digits.length && digits.every((_, index) => numbers.has(index));
}

/** `index`, synset id and label with tabs between. */
function parseTable(text: string, path: string): Label[] {
  const labels: Label[] = [];
  const where = () => `${path}:${labels.length + 1}`;
  const rows = text.trimEnd();
  for (let start = 0; start < rows.length; ) {
    const newline = rows.indexOf('\n', start);
    const end = newline < 0 ? rows.length : newline;
    const number = `${labels.length}\t`;
    const idStart = start + number.length;
    const tab = rows.indexOf('\t', idStart);
    const name = rows.slice(tab + 1, end);
    if (!rows.startsWith(number, start) || tab < 0 || tab > end || name.includes('\t')) {
      throw wrong(where(), `expected index ${labels.length}, synset id, label`);
    }
    labels.push(makeLabel(name, rows.slice(idStart, tab), where));
    start = end + 1;
  }
  return labels;
}

const INDEX_HEADING = /^(#|idx|id|no|nr|number|(class|label|category)?[ _-]?(index|id|idx|number|no))$/i;
const NAME_HEADING =
  /^(label|class|category|name|text|(class|label|category|display)[ _-]?(name|label|text)|labels|names|classes)$/i;

/** Which cell of a row is the index (undefined: its place) and which the label. */
interface Columns {
  readonly index: number | undefined;
  readonly name: number;
}

/** Rows with commas, semicolons or tabs between cells (RFC 4180); the heading says which is which, or else the cells do. */
function parseCsv(text: string, path: string): Label[] {
  const rows = text
    .split(LINE_END)
    .map((line, index) => ({ line, where: `${path}:${index + 1}` }))
    .filter(({ line }) => line.trim() !== '');
  const [first] = rows;
  if (first === undefined) return [];
  const separator = [',', ';', '\t'].find((each) => first.line.includes(each)) ?? ',';
  const heading = cellsOf(first.line, separator);
  const headed = columnsOf(heading);
  // A heading in other words still is one where it has no number and what follows has.
  const isHeading = headed !== undefined || (heading.length === 2 && !heading.some(isNumber));
  const body = isHeading ? rows.slice(1) : rows;
  const columns = headed ?? columnsOfCells(body.map(({ line }) => cellsOf(line, separator)));
  const entries = body.map(({ line, where }, place): Numbered => {
    const cells = cellsOf(line, separator);
    const digits = columns.index === undefined ? String(place) : (cells[columns.index] ?? '');
    // The label is last and may have commas in it.
    const isRest = headed === undefined && columns.index === 0 && !line.includes('"');
    const name = isRest ? line.slice(line.indexOf(separator) + 1) : cells[columns.name];
    if (!isNumber(digits) || name === undefined) throw wrong(where, 'expected index,label');
    return { index: Number(digits), label: makeLabel(name, undefined, () => where), where };
  });
  return inOrder(entries, path);
}

function columnsOf(heading: readonly string[]): Columns | undefined {
  const name = heading.findIndex((cell) => NAME_HEADING.test(cell.trim()));
  if (name < 0) return undefined;
  const index = heading.findIndex((cell, at) => at !== name && INDEX_HEADING.test(cell.trim()));
  return { index: index < 0 ? undefined : index, name };
}

/** Without a heading: the column of numbers is the index. */
function columnsOfCells(rows: readonly (readonly string[])[]): Columns {
  const isIndex = (column: number) => rows.every((row) => isNumber(row[column] ?? ''));
  if (rows.every((row) => row.length === 1)) return { index: undefined, name: 0 };
  return !isIndex(0) && isIndex(1) ? { index: 1, name: 0 } : { index: 0, name: 1 };
}

function isNumber(cell: string): boolean {
  return /^\s*\d{1,7}\s*$/.test(cell);
}

/** Cells of a row; one in quotes may have separators in it, and quotes doubled. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  const cell = new RegExp(`\\s*(?:"((?:[^"]|"")*)"\\s*|([^${separator}]*))(?:${separator}|$)`, 'y');
  while (cell.lastIndex < line.length) {
    const match = cell.exec(line);
    // A quote that does not end.
    if (match === null) return [line];
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  }
  return cells;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelError('labels', { where: path, problem: 'not JSON' }, { cause });
  }
}

/** Fields under which tools keep labels, and what they map. */
const LABEL_FIELDS = [
  'labels',
  'label_names',
  'id2label',
  'class_names',
  'classes',
  'names',
  'class_indices',
  'class_to_idx',
  'label2id',
];

type JsonObject = Readonly<Record<string, unknown>>;

/** The labels that a JSON document has under one of the usual fields; undefined where it has none there. */
export function labelsField(json: unknown): unknown {
  if (!isObject(json) || Array.isArray(json)) return undefined;
  const field = LABEL_FIELDS.find((name) => Object.hasOwn(json, name) && isObject(json[name]));
  // timm keeps some of its fields one level down.
  return field === undefined ? labelsField(json.pretrained_cfg) : json[field];
}

/** @throws ModelError `labels` */
export function labelsOfJson(json: unknown, path: string): Label[] {
  const labels = labelsField(json) ?? json;
  if (!isObject(labels)) throw wrong(path, 'neither an array nor an object of labels');
  const entries = Object.entries(labels);
  if (!Array.isArray(labels) && areIndices(entries)) {
    const numbered = entries.map(([name, index]) => {
      const where = `${path}: ${JSON.stringify(name.slice(0, 100))}`;
      return { index: Number(index), label: makeLabel(name, undefined, () => where), where };
    });
    return inOrder(numbered, path);
  }
  return Array.from({ length: entries.length }, (_, index) => {
    const entry = Object.hasOwn(labels, String(index)) ? (labels as JsonObject)[String(index)] : undefined;
    const where = () => `${path}: class ${index}`;
    if (!Array.isArray(entry)) return makeLabel(entry, undefined, where);
    if (entry.length !== 2) throw wrong(where(), 'expected an id and a label');
    return makeLabel(entry[1], entry[0], where);
  });
}

/** From label to index, as Keras's class_indices has it; some write the indices as texts. */
function areIndices(entries: readonly (readonly [string, unknown])[]): boolean {
  if (entries.length === 0) return false;
  if (entries.every(([, value]) => Number.isInteger(value))) return true;
  return entries.every(([name, value]) => typeof value === 'string' && isNumber(value) && !isNumber(name));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}
