import type { Label } from '../domain/label.js';
import { ModelError } from '../errors/errors.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import { decodeText, makeLabel, parseLabels, wrong } from './label-formats.js';

export const MAX_LABELS_BYTES = 2 * 1024 * 1024;
const IMAGENET_CLASSES = 1000;
const BACKGROUND: Label = { name: 'background' };

/**
 * The labels of a file, in the order of their class indices; `parseLabels` says which files.
 * @param outputs where given, how many the network has
 * @throws ModelError `labels`
 */
export function readLabels(path: string, outputs?: number): Label[] {
  const labels = parseLabels(readModelFile(path, MAX_LABELS_BYTES), path);
  return outputs === undefined ? labels : fitLabels(labels, outputs, path);
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

/** The bytes of a `.json` file that `parseLabels` reads. */
export function formatLabels(labels: readonly Label[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(labelsToJson(labels)));
}

/** What `labelsOfJson` reads. */
export function labelsToJson(labels: readonly Label[]): readonly (string | readonly [string, string])[] {
  return labels.map(({ id, name }) => (id ? [id, name] : name));
}

/**
 * Labels for a network of so many outputs: as many, or two for one output, whose probability is the second's. ImageNet's
 * lists of 1000 and 1001 (`background` first) fit networks of either number.
 * @throws ModelError `labels` that shows both numbers
 */
export function fitLabels(labels: readonly Label[], outputs: number, where: string): Label[] {
  const fitted = tryFit(labels, outputs);
  if (fitted) return fitted;
  const expected = outputs === 1 ? '1 or 2 for a network of one output' : `${outputs}, one for each class`;
  throw new ModelError('labels', { where, problem: `${labels.length} labels`, expected });
}

/** Like `fitLabels`; undefined where they do not fit. */
export function tryFit(labels: readonly Label[], outputs: number): Label[] | undefined {
  if (labels.length === outputs || (outputs === 1 && labels.length === 2)) return [...labels];
  if (labels.length === IMAGENET_CLASSES && outputs === IMAGENET_CLASSES + 1) return [BACKGROUND, ...labels];
  const hasBackground = /^(background|dummy)$/i.test(labels[0]?.name ?? '');
  const isLonger = labels.length === IMAGENET_CLASSES + 1 && outputs === IMAGENET_CLASSES;
  return hasBackground && isLonger ? labels.slice(1) : undefined;
}
