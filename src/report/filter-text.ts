import { UNKNOWN } from '../domain/classification.js';
import { elementAt } from '../errors/element-at.js';

/** What a filter asks for, and how many pictures have it. */
export interface FilterTerms {
  /** Least probability, 0…1. */
  readonly min?: number;
  readonly only?: readonly string[];
  readonly not?: readonly string[];
}

/**
 * How many pictures a filter leaves a prediction of: `2 of 7 images have a flower in their top 5`. Undefined where nothing
 * was filtered, or where the only picture fits.
 * @param top how many predictions of each were looked at
 */
export function filterText(
  { min, only, not }: FilterTerms,
  { succeeded, matching }: { readonly succeeded: number; readonly matching: number },
  top: number,
): string | undefined {
  if (only?.length === 1 && isUnknown(elementAt(only, 0)) && succeeded > 0) {
    return `${matching} of ${succeeded} ${succeeded === 1 ? 'image is' : 'images are'} unknown`;
  }
  const isFiltered = min !== undefined || only !== undefined || not !== undefined;
  if (!isFiltered || succeeded === 0 || (succeeded === 1 && matching === 1)) return undefined;
  const subject = succeeded === 1 ? 'image has' : 'images have';
  const wanted = only ? only.map(withArticle).join(' or ') : 'a class';
  const unwanted = not ? ` other than ${not.join(' or ')}` : '';
  const least = min === undefined ? '' : ` with at least ${Number((100 * min).toPrecision(6))} %`;
  const their = succeeded === 1 ? 'its' : 'their';
  const place = top === 1 ? `as ${their} first prediction` : `in ${their} top ${top}`;
  return `${matching} of ${succeeded} ${subject} ${wanted}${unwanted}${least} ${place}`;
}

function isUnknown(term: string): boolean {
  return term.trim().toLowerCase() === UNKNOWN;
}

function withArticle(term: string): string {
  const word = term.trim();
  if (/^\d+$/.test(word)) return `class ${word}`;
  if (/^n\d+$/.test(word)) return word;
  return `${/^[aeiou]/i.test(word) ? 'an' : 'a'} ${word}`;
}
