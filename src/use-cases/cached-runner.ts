import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TaskPicture, TaskRunner } from '../batch/run.js';
import type { VectorSpace } from '../domain/vector-space.js';
import { loadKernels } from '../engine/kernels.js';
import { sharpVersion } from '../images/sharp.js';
import { type EmbeddingCache, openEmbeddingCache } from '../store/embeddings.js';
import { storeHome } from '../store/home.js';
import type { BatchRequest } from './open-batch.js';

/** A runner that takes vectors from the cache where it can; such pictures are neither decoded nor run. */
export interface CachedRunner extends TaskRunner {
  close(): void;
}

/**
 * @param runner keeps the map of the space's layer
 * @param request what else vectors follow from
 */
export async function openCachedRunner(
  runner: TaskRunner,
  space: VectorSpace,
  request: Pick<BatchRequest, 'choice' | 'maxPixels'>,
): Promise<CachedRunner> {
  const { layer, length } = space;
  const key = await keyOf(space, request);
  if (key === undefined) return { busy: runner.busy, classify: (...args) => runner.classify(...args), close() {} };
  const cache = openEmbeddingCache(storeHome(), key, length);
  return {
    busy: runner.busy,
    async classify(picture, options) {
      const sha256 = picture.meta?.sha256;
      const known = sha256 === undefined ? undefined : cache.find(sha256);
      if (known) {
        const { vector, ...size } = known;
        return { predictions: [], ms: { decode: 0, run: 0 }, size, maps: new Map([[layer, vector]]) };
      }
      const result = await runner.classify(picture, options);
      const vector = result.maps?.get(layer);
      // Other facts (a file that ends early, a preview) are said anew each time.
      const isPlain = vector && result.size && !result.truncated && !result.preview;
      if (sha256 !== undefined && isPlain && vector.every(Number.isFinite)) {
        await keep(cache, picture, sha256, { vector, ...result.size });
      }
      return result;
    },
    close: () => cache.close(),
  };
}

/** Not where the file has changed since it was hashed. */
async function keep(
  cache: EmbeddingCache,
  { path, bytes, meta }: TaskPicture,
  sha256: string,
  vector: Parameters<EmbeddingCache['keep']>[1],
): Promise<void> {
  if (bytes) {
    cache.keep(sha256, vector);
    return;
  }
  const now = await stat(path).catch(() => undefined);
  if (now?.size === meta?.size && Math.floor(now?.mtimeMs ?? 0) === meta?.mtime) cache.keep(sha256, vector);
}

/** All that a vector follows from but the picture; undefined where the kernels cannot be told from others. */
async function keyOf(
  { id }: VectorSpace,
  { choice, maxPixels }: Pick<BatchRequest, 'choice' | 'maxPixels'>,
): Promise<string | undefined> {
  const { deterministic = false, fullDecode = false } = choice;
  const { checksum } = await loadKernels(deterministic ? 'plain' : 'relaxed');
  if (checksum === undefined) return undefined;
  // In the built command this file has the code that reads and scales pictures too.
  const code = createHash('sha256')
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest('hex');
  return JSON.stringify([id, checksum, deterministic, fullDecode, code, sharpVersion(), maxPixels]);
}
