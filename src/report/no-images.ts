import { supportedFormats } from '../domain/image-format.js';
import type { ErrorDetails } from '../errors/errors.js';
import { printable } from '../errors/printable.js';

/** Where images were looked for, and how. */
export interface EmptySearch {
  readonly names: readonly string[];
  readonly lists?: readonly string[];
  readonly recursive?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  /** Patterns leave names out. */
  readonly isFiltered?: boolean;
  /** Files that are something else than images, by what they are. */
  readonly others?: ReadonlyMap<string, number>;
}

const MOST_NAMES = 3;

/** Why there is nothing to do, and what to do about it. */
export function noImagesFound(search: EmptySearch): ErrorDetails {
  const { names, lists = [], recursive = true } = search;
  const places = [...names, ...lists.map((list) => `--files-from ${list}`)];
  const where = places.slice(0, MOST_NAMES).map(printable).join(', ');
  const rest = places.length - MOST_NAMES;
  const named = { where: rest > 0 ? `${where} and ${rest} more` : where };
  const found = { ...named, problem: 'no images found' };
  if (names.length === 0) return { ...found, expected: 'a list of names, each on a line of its own' };
  return {
    ...found,
    expected: `files of the formats ${supportedFormats}${recursive ? ', also in subfolders' : ''}`,
    remedy: remedyFor(search),
  };
}

function remedyFor({ recursive = true, hidden, isFiltered, others = new Map() }: EmptySearch): string {
  if (others.get('archive'))
    return `name archives that are in a folder, as in 'folder/*.tar', and extract those that are in an archive`;
  if (isFiltered) return 'check --include and --exclude';
  if (!recursive) return 'without --no-recursive, subfolders are read too';
  if (others.size > 0) return 'add --report-skipped --format csv to see which files were skipped';
  return hidden ? 'check the name' : 'check the name, or add --hidden for names that start with a dot';
}
