import { printable } from '../errors/printable.js';
import { jsonLine } from './json.js';
import { roundSimilarity, similarityText } from './similar-text.js';
import { sizeText } from './units.js';

export const DUPLICATE_FORMATS = ['text', 'jsonl', 'paths'] as const;
export type DuplicateFormat = (typeof DUPLICATE_FORMATS)[number];

/** Pictures that are alike. */
export interface DuplicateGroup {
  /** From 1. */
  readonly group: number;
  /** The name of the picture to keep. */
  readonly kept: string;
  /** The one to keep, then the others, the most similar first. */
  readonly files: readonly DuplicateFile[];
}

export interface DuplicateFile {
  readonly file: string;
  readonly fileBase64?: string;
  /** To the one that is kept; 1 for itself. */
  readonly similarity: number;
  /** Of the upright picture, in pixels; null where it is not known. */
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

/** A heading, and a line for each file. */
export function duplicatesText({ group, files }: DuplicateGroup): string {
  const rows = files.map((file, at) => {
    const mark = at === 0 ? '  keep' : similarityText(file.similarity);
    return `  ${mark}  ${printable(file.file)}${factsText(file)}\n`;
  });
  return `group ${group}: ${files.length} images\n${rows.join('')}`;
}

function factsText({ width, height, bytes }: DuplicateFile): string {
  const facts = [
    ...(width !== null && height !== null ? [`${width} × ${height}`] : []),
    ...(bytes !== null ? [sizeText(bytes)] : []),
  ];
  return facts.length > 0 ? ` (${facts.join(', ')})` : '';
}

export function duplicatesJson({ files, ...row }: DuplicateGroup): string {
  return jsonLine({
    ...row,
    files: files.map((file) => ({ ...file, similarity: roundSimilarity(file.similarity) })),
  });
}

/** `3 groups, 7 duplicates` */
export function duplicatesSummary(groups: number, duplicates: number): string {
  if (groups === 0) return 'no duplicates';
  return `${groups} ${groups === 1 ? 'group' : 'groups'}, ${duplicates} ${duplicates === 1 ? 'duplicate' : 'duplicates'}`;
}
