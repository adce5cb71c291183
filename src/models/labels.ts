import { extname } from 'node:path';
import type { Label } from '../domain/label.js';
import { ModelError } from '../errors/errors.js';
import { readModelFile } from '../untrusted-data/regular-file.js';

const MAX_LABELS_BYTES = 2 * 1024 * 1024;
const MAX_LABEL_LENGTH = 1000;
const IMAGENET_CLASSES = 1000;
const BACKGROUND: Label = { name: 'background' };

/**
 * The labels of a file, in order of class index. By the ending: `.tsv` is index, synset id, label; `.csv` is index, label
 * (RFC 4180, with or without a heading, in any order); `.json` is an array or a map from index, of labels or [id, label]
 * pairs (Keras); anything else is text with one label a line.
 * @param classes where given, how many the network's head has: ImageNet's 1000 and 1001 (`background` first) lists fit
 * both sorts of heads
 * @throws ModelError `labels`
 */
export function readLabels(path: string, classes?: number): Label[] {
  const labels = parseLabels(readModelFile(path, MAX_LABELS_BYTES), path);
  return classes === undefined ? labels : fitLabels(labels, classes, path);
}

/**
 * Like `readLabels`, for a few of the labels of a `.tsv` file with as many as there are classes: only their rows are parsed.
 * @throws ModelError `labels`, also when a row is asked for that is none
 */
export function openLabelTable(path: string, classes: number): (index: number) => Label {
  const text = `\n${decodeText(readModelFile(path, MAX_LABELS_BYTES), path)}\n`;
  const startOf = (index: number) => text.indexOf(`\n${index}\t`);
  if (startOf(classes - 1) < 0 || startOf(classes) >= 0) throw wrong(path, `not ${classes} labels`);
  return (index) => {
    const start = startOf(index);
    const [, id, name, more] = text.slice(start + 1, text.indexOf('\n', start + 1)).split('\t', 4);
    if (start < 0 || more !== undefined) throw wrong(path, `no row of index ${index}, synset id, label`);
    return makeLabel(name, id, () => `${path}: index ${index}`);
  };
}

/** Like `readLabels`, from bytes already at hand; `path` tells the form and names the file in messages. */
export function parseLabels(bytes: Uint8Array, path: string): Label[] {
  const text = decodeText(bytes, path);
  const kind = extname(path).toLowerCase();
  const labels =
    kind === '.json'
      ? parseJson(text, path)
      : kind === '.csv'
        ? parseCsv(text, path)
        : kind === '.tsv'
          ? parseTable(text, path)
          : parseLines(text, path);
  if (labels.length === 0) throw wrong(path, 'no labels');
  return labels;
}

/** The bytes of a `.json` file that `parseLabels` reads. */
export function formatLabels(labels: readonly Label[]): Uint8Array {
  const plain = labels.every(({ id }) => id === undefined);
  // Readable where there are no ids.
  const list = plain ? labels.map(({ name }) => name) : labels.map(({ id, name }) => (id ? [id, name] : name));
  return new TextEncoder().encode(JSON.stringify(list));
}

function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelError('labels', { where: path, problem: 'not UTF-8 text' }, { cause });
  }
}

/**
 * Labels for a head of `classes` outputs. A head of 1001 has `background` at index 0 before ImageNet's 1000.
 * @throws ModelError `labels` where the counts do not match
 */
export function fitLabels(labels: readonly Label[], classes: number, where: string): Label[] {
  if (labels.length === classes) return [...labels];
  if (labels.length === IMAGENET_CLASSES && classes === IMAGENET_CLASSES + 1) return [BACKGROUND, ...labels];
  const hasBackground = /^(background|dummy)$/i.test(labels[0]?.name ?? '');
  if (hasBackground && labels.length === IMAGENET_CLASSES + 1 && classes === IMAGENET_CLASSES) return labels.slice(1);
  throw wrong(where, `${labels.length} labels, expected ${classes}`);
}

function parseLines(text: string, path: string): Label[] {
  const lines = text.split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
  return lines.map((line, index) => makeLabel(line, undefined, () => `${path}:${index + 1}`));
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

/** `index,label` rows; the label may be in quotes, its quotes doubled. Indices count from 0 without gaps. */
function parseCsv(text: string, path: string): Label[] {
  const labels: Label[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const where = () => `${path}:${index + 1}`;
    const [, digits, quoted, plain] = /^\s*"?(\d{1,7})"?\s*,\s*(?:"((?:[^"]|"")*)"|([^"]*))\s*$/.exec(line) ?? [];
    if (digits === undefined) {
      // A heading, if it has as many columns.
      if (labels.length === 0 && index === 0 && /^[^,\d]+,[^,]+$/.test(line)) continue;
      throw wrong(where(), 'expected index,label');
    }
    const number = Number(digits);
    if (labels[number] !== undefined) throw wrong(where(), `index ${number} appears twice`);
    labels[number] = makeLabel(quoted?.replaceAll('""', '"') ?? plain, undefined, where);
  }
  // biome-ignore lint/complexity/useIndexOf: indexOf passes over the holes that are looked for
  const gap = labels.findIndex((label) => label === undefined);
  if (gap >= 0) throw wrong(path, `index ${gap} is missing, expected all from 0 to ${labels.length - 1}`);
  return labels;
}

function parseJson(text: string, path: string): Label[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelError('labels', { where: path, problem: 'not JSON' }, { cause });
  }
  if (typeof json !== 'object' || json === null) throw wrong(path, 'neither an array nor an object of labels');
  const list = Array.isArray(json) ? (json as unknown[]) : undefined;
  const map = json as Readonly<Record<string, unknown>>;
  const count = list ? list.length : Object.keys(map).length;
  return Array.from({ length: count }, (_, index) => {
    const entry = list ? list[index] : Object.hasOwn(map, String(index)) ? map[String(index)] : undefined;
    const where = () => `${path}: class ${index}`;
    if (!Array.isArray(entry)) return makeLabel(entry, undefined, where);
    if (entry.length !== 2) throw wrong(where(), 'expected an id and a label');
    return makeLabel(entry[1], entry[0], where);
  });
}

function makeLabel(name: unknown, id: unknown, where: () => string): Label {
  if (!isLabelText(name)) throw wrong(where(), `no label, expected a text of at most ${MAX_LABEL_LENGTH} characters`);
  if (id === undefined) return { name: name.trim() };
  if (!isLabelText(id)) throw wrong(where(), 'no id before the label');
  return { id, name: name.trim() };
}

function isLabelText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_LABEL_LENGTH;
}

function wrong(where: string, problem: string): ModelError {
  return new ModelError('labels', { where, problem });
}
