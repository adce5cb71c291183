import { printable } from '../errors/printable.js';
import { jsonLine } from './json.js';

export const SIMILAR_FORMATS = ['text', 'jsonl', 'paths'] as const;
export type SimilarFormat = (typeof SIMILAR_FORMATS)[number];

/** A picture that was searched for, and what is similar to it, the most similar first. */
export interface SimilarRow {
  readonly file: string;
  readonly fileBase64?: string;
  readonly similar: readonly SimilarPicture[];
}

export interface SimilarPicture {
  readonly file: string;
  readonly fileBase64?: string;
  /** Cosine of the angle between the two vectors, −1 to 1. */
  readonly similarity: number;
}

/** The name, and a line for each similar picture. */
export function similarText({ file, similar }: SimilarRow): string {
  const lines = similar.map((found) => `  ${similarityText(found.similarity)}  ${printable(found.file)}`);
  return `${[printable(file), ...(lines.length > 0 ? lines : ['  no similar image'])].join('\n')}\n`;
}

export function similarJson({ similar, ...row }: SimilarRow): string {
  return jsonLine({
    ...row,
    similar: similar.map(({ similarity, ...found }) => ({ ...found, similarity: roundSimilarity(similarity) })),
  });
}

/** Three decimals: how exact vectors of different computers are. */
export function similarityText(similarity: number): string {
  return similarity.toFixed(3).padStart(6);
}

/** Six decimals. */
export function roundSimilarity(similarity: number): number {
  return Number(similarity.toFixed(6));
}
