import { ModelError } from '../errors/errors.js';
import { openInstalled } from '../models/installed.js';
import { makeModel } from '../models/make-model.js';
import { tryModel } from '../runners/try-model.js';
import { listBundle, readBundled } from '../store/bundle.js';
import { findEntries } from '../store/catalog.js';
import { realDisk } from '../store/disk.js';
import { refuseChanged, remember } from '../store/first-seen.js';
import { places, storeHome } from '../store/home.js';
import { copyModel, type InstallOptions } from '../store/install.js';
import { findWhole } from '../store/installed.js';
import type { InstalledModel } from '../store/types.js';

/** What became of one model of a bundle. */
export type BundleOutcome =
  | { readonly name: string; readonly model: InstalledModel; readonly isNew: boolean }
  | {
      readonly name: string;
      readonly error: ModelError /** Models that were not tried because of it. */;
      readonly untried: number;
    };

/**
 * Installs the models of a folder that `pull --to` has written, one after the other. Each is checked first: its files
 * against their hashes, the hashes against the catalog, and it is run once. A model that fails leaves the store as it was
 * and does not stop the others, unless it is the store that fails.
 * @throws ModelError `bundle` for a folder that is none
 */
export async function* importBundle(
  folder: string,
  options: Pick<InstallOptions, 'home' | 'replace'> = {},
): AsyncGenerator<BundleOutcome> {
  const names = listBundle(folder);
  for (const [index, name] of names.entries()) {
    try {
      yield { name, ...(await importOne(folder, name, options)) };
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      const isForAll = error.code.startsWith('store');
      yield { name, error, untried: isForAll ? names.length - index - 1 : 0 };
      if (isForAll) return;
    }
  }
}

async function importOne(
  folder: string,
  name: string,
  { home = storeHome(), replace = false }: Pick<InstallOptions, 'home' | 'replace'>,
): Promise<{ readonly model: InstalledModel; readonly isNew: boolean }> {
  const model = await readBundled(folder, name);
  const present = await findWhole(home, name);
  if (present && isSame(present, model)) return { model: present, isNew: false };
  if (present && !replace) {
    throw new ModelError('model-exists', {
      where: name,
      problem: 'another model of this name is installed',
      remedy: `add --replace, or run: mobilenet models remove ${name}`,
    });
  }
  const [entry] = findEntries({ model: name });
  const seen = entry && entry.hash === null && model.licence !== null ? places.seen(home, name) : undefined;
  if (seen !== undefined && !replace) await refuseChanged(seen, model.origin, '--replace');
  const runnable = await makeModel(await openInstalled(model, {}, folder), {});
  runnable.readLabels();
  await tryModel(runnable);
  const copied = await copyModel(model, folder, { home, replace: replace || present === undefined });
  if (seen !== undefined) await remember(seen, model.origin, realDisk);
  return { model: copied, isNew: true };
}

function isSame(one: InstalledModel, other: InstalledModel): boolean {
  const contents = ({ weights, labels, levels }: InstalledModel) =>
    [weights, labels, levels].map((blob) => blob?.sha256).join();
  return contents(one) === contents(other);
}
