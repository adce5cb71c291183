import { DEFAULT_MODEL } from '../domain/defaults.js';
import type { Label } from '../domain/label.js';
import type { ModelChoice } from '../domain/model-choice.js';
import { ModelError } from '../errors/errors.js';
import { buildNetwork, isNetworkId, unknownModel } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import { findEntries } from '../store/catalog.js';
import { storeHome } from '../store/home.js';
import {
  findInstalled,
  readInstalledLabels,
  readInstalledLevels,
  readInstalledWeights,
  weightsPath,
} from '../store/installed.js';
import type { InstalledModel } from '../store/types.js';
import { checkWeights } from '../weights/check.js';
import { readMetadata, readSafetensors } from '../weights/formats/safetensors/safetensors.js';
import { groupTensors } from '../weights/tensor-names.js';
import { describeQuery, listBundledModels, type ModelQuery } from './bundled.js';
import { noCompanions } from './companion-files.js';
import { parseLabels } from './label-formats.js';
import { tryFit } from './labels.js';
import type { ModelSource } from './model.js';
import { readOwnMetadata } from './safetensors-metadata.js';

/**
 * The installed model that fits.
 * @throws ModelError `model-not-installed` that names the command which gets a published model, `model-not-bundled` for
 * one that is not published; UsageError for a name that nothing has
 */
export function findInstalledModel(query: ModelQuery): InstalledModel {
  const { model = DEFAULT_MODEL, alpha, resolution } = query;
  const installed = findInstalled({ model, alpha, resolution });
  if (installed) return installed;
  if (findEntries({ model, alpha, resolution }).length > 0) {
    throw new ModelError('model-not-installed', {
      where: describeQuery(query),
      problem: 'neither bundled nor installed',
      remedy: `run: ${pullCommand(query)} (--pull does it at once); or give a file of your own: --weights FILE`,
    });
  }
  if (!isNetworkId(model)) throw unknownModel(model);
  const bundled = listBundledModels().map(
    ({ card }) => `${card.network} α ${card.alpha} ${card.resolution}×${card.resolution}`,
  );
  throw new ModelError('model-not-bundled', {
    where: describeQuery(query),
    problem: `neither bundled (${bundled.join(', ')}) nor installed nor published`,
    remedy: 'give a file of your own: --weights FILE',
  });
}

/** What to type to get the model. */
function pullCommand({ model = DEFAULT_MODEL, alpha, resolution }: ModelQuery): string {
  const words = ['mobilenet pull', model];
  if (alpha !== undefined) words.push(`--alpha ${alpha}`);
  if (resolution !== undefined) words.push(`--res ${resolution}`);
  return words.join(' ');
}

/**
 * Weights and preprocessing of an installed model; its files are read and their sha-256 is checked.
 * @param home the store, or a bundle
 * @throws ModelError `weights-damaged`
 */
export async function openInstalled(
  installed: InstalledModel,
  { exact = false }: ModelChoice,
  home = storeHome(),
): Promise<ModelSource> {
  const { name, levels } = installed;
  const path = weightsPath(installed, home);
  const bytes = readInstalledWeights(installed, home);
  const isFile = installed.format !== 'safetensors' || describesNetwork(bytes, path);
  const source = isFile
    ? await openInstalledFile(installed, path, bytes, exact)
    : openInstalledTensors(installed, path, bytes);
  const labels = () => readLabels(installed, home);
  const { findLabels: _, ...known } = source;
  // What is pulled has a licence, and takes what its publisher says.
  const isPulled = installed.licence !== null;
  const { assumed, ...preprocessing } = source.preprocessing;
  return {
    ...known,
    name,
    ...(isPulled ? { preprocessing } : { own: 'imported' }),
    ...(installed.labels !== null && { readLabels: labels }),
    ...(levels !== null && { readLevels: () => readInstalledLevels(installed, levels, home) }),
  };
}

/** Whether the project's safetensors say each layer, as those of networks do that are none of the papers'. */
function describesNetwork(bytes: Uint8Array, path: string): boolean {
  return readOwnMetadata(readMetadata(bytes), path)?.network !== undefined;
}

async function openInstalledFile(
  { preprocessing, resolution }: InstalledModel,
  path: string,
  bytes: Uint8Array,
  exact: boolean,
): Promise<ModelSource> {
  const [{ sourceOf }, { openBytes }] = await Promise.all([
    import('./from-files.js'),
    import('../weights/formats/open.js'),
  ]);
  const source = await sourceOf([await openBytes(bytes, path, { resolution })], { exact }, noCompanions);
  return { ...source, preprocessing: preprocessing ?? source.preprocessing };
}

/** A paper's network, weights in the project's own naming and layout. */
function openInstalledTensors(installed: InstalledModel, path: string, bytes: Uint8Array): ModelSource {
  const { name, network: id, alpha, resolution, classes, padding, epsilon, preprocessing } = installed;
  const network = resolve(buildNetwork(id, { alpha, classes }), { resolution, padding: padding! });
  return {
    name,
    network,
    epsilon: epsilon!,
    preprocessing: preprocessing!,
    readWeights() {
      const weights = groupTensors(readSafetensors(bytes, path), path);
      checkWeights(network, weights, name);
      return weights;
    },
  };
}

/** The model's own labels, as many as it has classes. */
function readLabels(installed: InstalledModel, home: string): readonly Label[] {
  const { path, bytes } = readInstalledLabels(installed, home)!;
  const labels = parseLabels(bytes, path);
  const fitted = tryFit(labels, installed.classes);
  if (fitted) return fitted;
  throw new ModelError('labels', {
    where: installed.name,
    problem: `${labels.length} labels for ${installed.classes} classes`,
    remedy: `import ${installed.name} again`,
  });
}
