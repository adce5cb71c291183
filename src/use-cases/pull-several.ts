import { ModelError } from '../errors/errors.js';
import { checkBundleTarget, finishBundle } from '../store/bundle.js';
import { type CatalogEntry, type CatalogQuery, canPull, findEntries } from '../store/catalog.js';
import { storeHome } from '../store/home.js';
import { copyModel } from '../store/install.js';
import { findInstalled, findWhole } from '../store/installed.js';
import { chooseEntry, type Pulled, type PullOptions, pullChosen } from './pull.js';

export interface Selection extends Omit<CatalogQuery, 'model'> {
  readonly models: readonly string[];
  /** All published models that fit, in place of the preferred one for each name. */
  readonly all: boolean;
  /** For a bundle: names that are installed and not published count, too. */
  readonly withInstalled: boolean;
}

export interface Selected {
  /** Names of the store and entries of the catalog, each once. */
  readonly items: readonly (string | CatalogEntry)[];
  /** Entries that `--all` leaves out, as they consist of several files. */
  readonly leftOut: number;
}

/**
 * The models that are asked for.
 * @throws UsageError, ModelError `model-not-published` for a name that has none
 */
export function select({ models, all, withInstalled, ...query }: Selection): Selected {
  const items = new Map<string, string | CatalogEntry>();
  let leftOut = 0;
  for (const model of models) {
    const isOwn = withInstalled && findEntries({ model }).length === 0 && findInstalled({ model })?.name === model;
    const fitting = all && !isOwn ? findEntries({ model, ...query }) : [];
    const chosen = fitting.filter(({ format }) => canPull(format));
    leftOut += fitting.length - chosen.length;
    if (isOwn) items.set(model, model);
    // Also says what is wrong where nothing fits.
    else
      for (const entry of chosen.length > 0 ? chosen : [chooseEntry({ model, ...query })]) items.set(entry.name, entry);
  }
  return { items: [...items.values()], leftOut };
}

export interface Watcher {
  readonly onProgress: NonNullable<PullOptions['onProgress']>;
  readonly onWait: () => void;
  stop(): void;
}

export interface PullSeveralOptions extends PullOptions {
  /** A folder to make a bundle of, in place of the store. */
  readonly to?: string | undefined;
  /** Called before each model. */
  watch(name: string): Promise<Watcher>;
}

export type PullOutcome =
  | (Pulled & { readonly name: string })
  | {
      readonly name: string;
      readonly error: ModelError /** Models that were not tried because of it. */;
      readonly untried: number;
    };

/**
 * Pulls one model after the other. One that fails does not stop the others, unless it is the store or the proxy that fails.
 * @throws ModelError `bundle` for a folder that has other files; UsageError
 */
export async function* pullSeveral(
  items: Selected['items'],
  { to, watch, ...options }: PullSeveralOptions,
): AsyncGenerator<PullOutcome> {
  if (to !== undefined) checkBundleTarget(to);
  let { limits } = options;
  for (const [index, item] of items.entries()) {
    const name = typeof item === 'string' ? item : item.name;
    const { stop, ...events } = await watch(name);
    try {
      yield { name, ...(await pullOne(item, { ...options, ...(limits && { limits }), ...events }, to)) };
      limits = options.limits;
    } catch (thrown) {
      const error = to === undefined ? thrown : aboutBundle(thrown);
      if (!(error instanceof ModelError)) throw error;
      const isForAll = error.code.startsWith('store') || error.code === 'proxy';
      yield { name, error, untried: isForAll ? items.length - index - 1 : 0 };
      if (isForAll) break;
      // Where there is no network, each of a hundred models would be tried four times.
      limits = { ...options.limits, attempts: 1 };
    } finally {
      stop();
    }
  }
  if (to !== undefined) finishBundle(to);
}

async function pullOne(item: string | CatalogEntry, options: PullOptions, to: string | undefined): Promise<Pulled> {
  if (to === undefined) return pullChosen(item as CatalogEntry, options);
  const { home = storeHome(), force = false } = options;
  const name = typeof item === 'string' ? item : item.name;
  const local = force && typeof item !== 'string' ? undefined : await findWhole(home, name);
  if (local === undefined && typeof item === 'string') {
    throw new ModelError('weights-damaged', {
      where: name,
      problem: 'the installed model is damaged',
      remedy: 'mobilenet models verify names the file',
    });
  }
  if (local === undefined) return pullChosen(item as CatalogEntry, { ...options, home: to, seenHome: home });
  const present = await findWhole(to, name);
  if (present?.weights.sha256 === local.weights.sha256) return { model: present, fetched: false };
  return { model: await copyModel(local, home, { home: to, replace: true }), fetched: false };
}

/** `MOBILENET_HOME` says nothing of where a bundle is written. */
function aboutBundle(error: unknown): unknown {
  if (!(error instanceof ModelError) || error.code !== 'store') return error;
  return new ModelError('store', { ...error.details, remedy: 'choose another folder for --to' }, { cause: error });
}
