import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPlain } from './plain-path.js';
import type { PictureSource } from './source.js';

/** A file whose name libvips takes as it is, options in brackets after it. */
export interface NamedFile {
  readonly path: string;
  readonly isCopy: boolean;
  /** To be called when it is not needed any more. */
  remove(): void;
}

/**
 * The picture as a file to which libvips takes options, which sharp passes on with a name alone: its own where it has one with
 * a name that cannot be mistaken, else a copy.
 * @returns undefined where there is no room for a copy
 */
export function nameFile({ path, input }: PictureSource): NamedFile | undefined {
  if (path !== undefined && isPlain(path)) return { path, isCopy: false, remove() {} };
  if (typeof input === 'string' || !isPlain(tmpdir())) return undefined;
  let folder: string | undefined;
  const remove = () => folder && rmSync(folder, { recursive: true, force: true });
  try {
    folder = mkdtempSync(join(tmpdir(), 'mobilenet-picture-'));
    const copy = join(folder, 'picture');
    writeFileSync(copy, input);
    return { path: copy, isCopy: true, remove };
  } catch {
    remove();
    return undefined;
  }
}
