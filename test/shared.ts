import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../shared/reference/', import.meta.url);

/** Whether the reference data (real weights, pictures) lies beside the checkout; tests that need it skip otherwise. */
export const hasShared = existsSync(root);

/** The path of a reference file or folder, or undefined where it is absent. */
export function sharedPath(relative: string): string | undefined {
  const path = fileURLToPath(new URL(relative, root));
  return existsSync(path) ? path : undefined;
}
