/** This file lies two folders below the package's root both in `src/files/` and, bundled, in `dist/code/`. */
const root = new URL('../../', import.meta.url);

/** A file or folder of the package itself, by its path from the package's root. */
export function packageFile(path: string): URL {
  return new URL(path, root);
}
