import { DEFAULT_MODEL } from '../domain/defaults.js';
import type { Label } from '../domain/label.js';
import type { ModelRequest } from '../domain/model-choice.js';
import { ModelError } from '../errors/errors.js';
import { buildNetwork, checkResolution } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import { storeHome } from '../store/home.js';
import {
  findInstalled,
  readInstalledLabels,
  readInstalledLevels,
  readInstalledVectors,
  readInstalledWeights,
  weightsPath,
} from '../store/installed.js';
import type { InstalledModel } from '../store/types.js';
import { checkWeights } from '../weights/check.js';
import { readMetadata, readSafetensors } from '../weights/formats/safetensors/safetensors.js';
import { groupTensors } from '../weights/tensor-names.js';
import type { ModelQuery } from './bundled.js';
import { noCompanions } from './companion-files.js';
import { parseLabels } from './label-formats.js';
import { tryFit } from './labels.js';
import { missingModel } from './missing-model.js';
import type { ModelSource } from './model.js';
import { readOwnMetadata } from './safetensors-metadata.js';

/** The installed model that was trained at the resolution asked for; undefined where none is or none was asked for. */
export function findTrainedAt({ model = DEFAULT_MODEL, alpha, resolution }: ModelQuery): InstalledModel | undefined {
  return resolution === undefined ? undefined : findInstalled({ model, alpha, resolution });
}

/**
 * The installed model that fits, trained at the resolution asked for or at another.
 * @throws ModelError `model-not-installed` that names the command which gets a published model, `model-not-bundled` for
 * one that is not published; UsageError for a name that nothing has
 */
export function findInstalledModel(query: ModelQuery): InstalledModel {
  const { model = DEFAULT_MODEL, alpha } = query;
  const installed = findTrainedAt(query) ?? findInstalled({ model, alpha });
  if (installed) return installed;
  throw missingModel(query);
}

/**
 * Weights and preprocessing of an installed model; its files are read and their sha-256 is checked.
 * @param home the store, or a bundle
 * @throws ModelError `weights-damaged`, UsageError for a resolution that its network cannot take
 */
export async function openInstalled(
  installed: InstalledModel,
  choice: ModelRequest,
  home = storeHome(),
): Promise<ModelSource> {
  const { name, levels, unknown } = installed;
  const path = weightsPath(installed, home);
  const bytes = readInstalledWeights(installed, home);
  const isFile = installed.format !== 'safetensors' || describesNetwork(bytes, path);
  const source = isFile
    ? await openInstalledFile(installed, path, bytes, choice)
    : openInstalledTensors(installed, path, bytes, choice.resolution);
  const labels = () => readLabels(installed, home);
  const { findLabels: _, ...known } = source;
  // What is pulled has a licence, and takes what its publisher says.
  const isPulled = installed.licence !== null;
  const { assumed, ...preprocessing } = source.preprocessing;
  const { resolution } = source.network;
  return {
    ...known,
    name,
    trainedResolution: installed.trainedResolution ?? installed.resolution,
    ...(unknown && resolution !== installed.resolution && { notes: [unknownNote(installed, resolution)] }),
    ...(isPulled ? { preprocessing } : { own: 'imported' }),
    ...(installed.labels !== null && { readLabels: labels }),
    ...(levels !== null && { readLevels: () => readInstalledLevels(installed, levels, home) }),
    ...(unknown && {
      unknown: {
        threshold: unknown.threshold,
        readVectors: () => readInstalledVectors(installed, unknown.vectors, home),
      },
    }),
  };
}

/** The threshold was chosen for distances at the resolution that the model learned at. */
function unknownNote({ name, resolution }: InstalledModel, asked: number): string {
  return `${name}: which images are unknown was learned at ${resolution}×${resolution}; at ${asked}×${asked} more or fewer are`;
}

/** Whether the project's safetensors say each layer, as those of networks do that are none of the papers'. */
function describesNetwork(bytes: Uint8Array, path: string): boolean {
  return readOwnMetadata(readMetadata(bytes), path)?.network !== undefined;
}

async function openInstalledFile(
  { name, preprocessing, resolution: usual }: InstalledModel,
  path: string,
  bytes: Uint8Array,
  { resolution = usual, exact = false }: ModelRequest,
): Promise<ModelSource> {
  const [{ sourceOf }, { openBytes }] = await Promise.all([
    import('./from-files.js'),
    import('../weights/formats/open.js'),
  ]);
  const opened = await openBytes(bytes, path, { resolution });
  const source = await sourceOf([opened], { exact, resolution, installedAs: name }, noCompanions);
  return { ...source, preprocessing: preprocessing ?? source.preprocessing };
}

/** A paper's network, weights in the project's own naming and layout. */
function openInstalledTensors(
  installed: InstalledModel,
  path: string,
  bytes: Uint8Array,
  resolution = installed.resolution,
): ModelSource {
  const { name, network: id, alpha, classes, padding, epsilon, preprocessing } = installed;
  if (resolution !== installed.resolution) checkResolution(id, resolution);
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
