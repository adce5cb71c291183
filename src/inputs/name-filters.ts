import { compileGlob } from './glob.js';
import { isOfFolders } from './glob-signs.js';
import type { WalkOptions } from './walk.js';

/** What `--include` and `--exclude` say of names below a folder. Throws UsageError for a pattern that is none. */
export function compileFilters(
  include: readonly string[],
  exclude: readonly string[],
): Required<Pick<WalkOptions, 'accepts' | 'enters'>> {
  const included = include.map((pattern) => (isOfFolders(pattern) ? compileInside(pattern) : compileFor(pattern)));
  const excluded = exclude.filter((pattern) => !isOfFolders(pattern)).map(compileFor);
  const closed = exclude.filter(isOfFolders).map((pattern) => compileFor(withoutSlash(pattern)));
  const fitsOneOf = (tests: typeof excluded, name: string) => tests.some((fits) => fits(name));
  return {
    accepts: (name) => (included.length === 0 || fitsOneOf(included, name)) && !fitsOneOf(excluded, name),
    enters: (name) => !fitsOneOf(excluded, name) && !fitsOneOf(closed, name),
  };
}

function withoutSlash(pattern: string): string {
  return pattern.replace(/\/+$/, '');
}

/** `./a` and `/a` are `a`, in the folder itself. */
function withoutDotSlash(pattern: string): string {
  return pattern.replace(/^(?:\.?\/+)+/, '');
}

/** A pattern of names below a folder; without a `/` in it, of the last part of a name. */
function compileFor(pattern: string): (name: string) => boolean {
  const fits = compileGlob(withoutDotSlash(pattern));
  return pattern.includes('/') ? fits : (name) => fits(name.slice(name.lastIndexOf('/') + 1));
}

/** Of what is in the folders that a pattern fits. */
function compileInside(pattern: string): (name: string) => boolean {
  const folders = withoutSlash(pattern);
  return compileGlob(`${folders.includes('/') ? '' : '**/'}${withoutDotSlash(folders)}/**`);
}
