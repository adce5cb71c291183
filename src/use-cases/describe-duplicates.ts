import { hashFile } from '../batch/tasks-to-do.js';
import type { PictureSize } from '../domain/classification.js';
import { ImageError } from '../errors/errors.js';
import { decode } from '../images/decode.js';
import type { DuplicateFile } from '../report/duplicates-text.js';
import type { DuplicateMember, NamedPicture } from './duplicate-groups.js';
import { nameOf, pathOf } from './picture-name.js';

/**
 * What a row says of each file. Hashes and sizes that are not known are found out, as long as the files are there; pictures
 * with the same bytes have the same size.
 * @param maxPixels of larger pictures the size stays unknown
 */
export async function describeFiles(
  members: readonly DuplicateMember[],
  maxPixels: number,
): Promise<readonly DuplicateFile[]> {
  const sizes = new Map<string | null, PictureSize | undefined>();
  const files: DuplicateFile[] = [];
  for (const { picture, similarity } of members) {
    const { size: bytes = null } = picture;
    const sha256 = picture.sha256 ?? (bytes === null ? null : await hashFile(pathOf(picture)).catch(() => null));
    const { width, height } = picture;
    let size = width !== undefined && height !== undefined ? { width, height } : sizes.get(sha256);
    if (size === undefined && !sizes.has(sha256)) size = await readSize(picture, maxPixels);
    sizes.set(sha256, size);
    files.push({
      ...nameOf(picture),
      similarity,
      width: size?.width ?? null,
      height: size?.height ?? null,
      bytes,
      sha256,
    });
  }
  return files;
}

async function readSize(picture: NamedPicture, maxPixels: number): Promise<PictureSize | undefined> {
  if (picture.size === undefined) return undefined;
  const path = pathOf(picture);
  try {
    const { original } = await decode(picture.file, { maxPixels, ...(typeof path !== 'string' && { path }) });
    return original;
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}
