import { readFileSync } from 'node:fs';

/** This file lies two folders below the package's root both in `src/files/` and, bundled, in `dist/code/`. */
const root = new URL('../../', import.meta.url);

/** A file or folder of the package itself, by its path from the package's root. */
export function packageFile(path: string): URL {
  return new URL(path, root);
}

/** Of this package, such as `1.2.3`. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version;
}
