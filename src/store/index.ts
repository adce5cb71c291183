import type { InstalledModel, NewModel } from './types.js';

export type { Blob, InstalledModel, ModelDescription, NewModel, Origin, StoredFormat } from './types.js';

export interface StoreOptions {
  /** The store's folder; by default `$MOBILENET_HOME`, else the platform's folder for caches. */
  readonly home?: string;
}

export interface InstallOptions extends StoreOptions {
  /** Takes the place of a model of that name; otherwise that is an error. */
  readonly replace?: boolean;
}

/**
 * Puts a model into the store: blobs first, its record last, each by a temporary file and a rename, so that other
 * processes see it whole or not at all.
 * @throws ModelError `model-exists`, `model-name`, `store` (disk full, no permission)
 */
export async function installModel(_model: NewModel, _options: InstallOptions = {}): Promise<InstalledModel> {
  throw new Error('not yet');
}
