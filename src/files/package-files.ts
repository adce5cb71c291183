import { readFileSync } from 'node:fs';

/**
 * A file or folder of the package itself, by its path from the package's root: this file lies two folders below it both in
 * `src/files/` and, bundled, in `dist/code/`.
 */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}

/** Of this package, such as `1.2.3`. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
}
