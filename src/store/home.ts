import { join, resolve } from 'node:path';
import { isModelName, MODEL_NAME_RULE } from '../domain/model-name.js';
import { ModelError } from '../errors/errors.js';
import type { BlobEnding } from './types.js';
import { userCaches } from './user-caches.js';

/** In a file that is no folder nothing is found, and nothing is ever made. */
const NOWHERE = '/dev/null/mobilenet';

/**
 * The store's folder: `$MOBILENET_HOME`, else the platform's folder for caches. It need not exist; where the user has no
 * folder at all (no `HOME`, and an id without a name, as containers may have) it cannot.
 */
export function storeHome(env: NodeJS.ProcessEnv = process.env): string {
  return env.MOBILENET_HOME ? resolve(env.MOBILENET_HOME) : (userCaches(env) ?? NOWHERE);
}

/** Whether a path is in a store that cannot exist. */
export function isNowhere(path: string): boolean {
  return path.startsWith(NOWHERE);
}

/**
 * Where everything lies: `blobs/` by content, `models/NAME/model.json` by name, `seen/` the hashes that came first,
 * `downloads/` what is on its way, `packed/` what need not be packed again, `embeddings/` vectors of pictures. A rename from `downloads/` or within a folder never leaves the file system.
 */
export const places = {
  blobs: (home: string) => join(home, 'blobs'),
  /** The ending tells readers the format; the name is the content's. */
  blob: (home: string, sha256: string, ending: BlobEnding) => join(home, 'blobs', `${sha256}.${ending}`),
  models: (home: string) => join(home, 'models'),
  record: (home: string, name: string) => join(home, 'models', name, 'model.json'),
  seen: (home: string, name: string) => join(home, 'seen', `${name}.json`),
  downloads: (home: string) => join(home, 'downloads'),
  embeddings: (home: string) => join(home, 'embeddings'),
  packed: (home: string, file = '') => join(home, 'packed', file),
  lock: (home: string) => join(home, 'store.lock'),
};

/** @throws ModelError `model-name` */
export function checkModelName(name: string): void {
  if (!isModelName(name)) {
    throw new ModelError('model-name', {
      where: JSON.stringify(name.slice(0, 100)),
      problem: 'not a valid model name',
      expected: MODEL_NAME_RULE,
    });
  }
}
