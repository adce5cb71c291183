import { costTotals } from '../cost/cost.js';
import { DEFAULT_MODEL } from '../domain/defaults.js';
import { ModelError, type UsageError } from '../errors/errors.js';
import { buildNetwork, isNetworkId, unknownModel } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import { sizeText } from '../report/units.js';
import { type CatalogEntry, canPull, findEntries, readCatalog } from '../store/catalog.js';
import { describeQuery, listBundledModels, type ModelQuery } from './bundled.js';

/**
 * Why there are no weights for a query, and what can be had in their place.
 * @returns ModelError `model-not-installed` where they can be pulled, `model-not-bundled` where they are not published;
 * UsageError for a name that nothing has
 */
export function missingModel(query: ModelQuery): ModelError | UsageError {
  const { model = DEFAULT_MODEL, alpha, resolution } = query;
  const where = describeQuery(query);
  const published = listWidths(model, resolution);
  if (published.length === 0 && !isNetworkId(model))
    return unknownModel(
      model,
      readCatalog().map(({ name }) => name),
    );
  const wanted = alpha === undefined ? findPullable(model, undefined, resolution) : published.find(isOf(alpha));
  const others = [...listOthers(published, wanted), ...nearestBundled(model, alpha), 'run your own: --weights FILE'];
  if (!wanted) {
    const problem = 'neither bundled nor installed nor published';
    return new ModelError('model-not-bundled', { where, problem, remedy: others.join('; ') });
  }
  const command = pullCommand(query, wanted);
  return new ModelError('model-not-installed', {
    where,
    problem: 'neither bundled nor installed',
    remedy: `run: ${command} (${describeEntry(wanted)}); ${others.join('; ')}`,
  });
}

const isOf =
  (alpha: number) =>
  (entry: CatalogEntry): boolean =>
    entry.alpha === alpha;

/** The catalog's first that can be pulled: trained at the resolution, or else at another. */
function findPullable(model: string, alpha?: number, resolution?: number): CatalogEntry | undefined {
  const first = (asked?: number) =>
    findEntries({ model, alpha, resolution: asked }).find(({ format }) => canPull(format));
  return first(resolution) ?? first();
}

/** One entry for each width, the narrowest first. */
function listWidths(model: string, resolution: number | undefined): readonly CatalogEntry[] {
  const alphas = new Set(findEntries({ model }).map(({ alpha }) => alpha));
  return [...alphas].sort((a, b) => a - b).flatMap((alpha) => findPullable(model, alpha, resolution) ?? []);
}

function listOthers(published: readonly CatalogEntry[], wanted: CatalogEntry | undefined): readonly string[] {
  if (published.length === 0 || (wanted && published.length === 1)) return [];
  const widths = published.map((entry) => `${entry.alpha} (${describeEntry(entry)})`);
  return [`widths that can be pulled: ${widths.join(', ')}`];
}

/** The bundled model of the network whose width is nearest; of another network, all that are bundled. */
function nearestBundled(model: string, alpha = 1): readonly string[] {
  const cards = listBundledModels().map(({ card }) => card);
  const [nearest] = cards
    .filter(({ network }) => network === model)
    .toSorted((a, b) => Math.abs(a.alpha - alpha) - Math.abs(b.alpha - alpha));
  if (nearest) return [`nearest bundled width: --alpha ${nearest.alpha}`];
  return [`bundled networks: ${[...new Set(cards.map(({ network }) => network))].join(', ')}`];
}

/** Size of the file and published accuracy. */
function describeEntry(entry: CatalogEntry): string {
  const { published, bytes } = entry;
  const size = bytes === null ? `about ${sizeText(estimateBytes(entry), 1)}` : sizeText(bytes, 1);
  return published ? `${size}, top-1 ${published.top1.toFixed(1)} %` : size;
}

/** Of the weights alone, where the catalog does not know the file's length. */
function estimateBytes({ network, alpha, resolution, classes, dtype }: CatalogEntry): number {
  const { params } = costTotals(resolve(buildNetwork(network, { alpha, classes }), { resolution }));
  return params.trainable * (dtype === 'int8' ? 1 : 4);
}

/** What to type to get the entry. */
function pullCommand({ model = DEFAULT_MODEL, alpha, resolution }: ModelQuery, entry: CatalogEntry): string {
  const words = ['mobilenet pull', model];
  if (alpha !== undefined) words.push(`--alpha ${alpha}`);
  if (resolution !== undefined && resolution === entry.resolution) words.push(`--res ${resolution}`);
  return words.join(' ');
}
