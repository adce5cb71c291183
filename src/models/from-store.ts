import type { Label } from '../domain/label.js';
import { ModelError } from '../errors/errors.js';
import { buildNetwork, findNetwork, isNetworkId } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { ResolvedNetwork } from '../networks/types.js';
import { findEntries } from '../store/catalog.js';
import { storeHome } from '../store/home.js';
import { findInstalled, readInstalledLabels, readInstalledWeights, weightsPath } from '../store/installed.js';
import type { InstalledModel } from '../store/types.js';
import { readSafetensors } from '../weights/formats/safetensors/safetensors.js';
import { groupTensors } from '../weights/tensor-names.js';
import type { NetworkWeights } from '../weights/types.js';
import { parseLabels } from './labels.js';

export interface InstalledChoice {
  readonly model?: string;
  readonly alpha?: number;
  readonly resolution?: number;
}

/** Its files read and their sha-256 checked. */
export interface LoadedModel {
  readonly installed: InstalledModel;
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The installed model that fits.
 * @param notInBox thrown for a model that is neither installed nor in the catalog
 * @throws ModelError `model-not-installed` that names the command which gets it; UsageError for a name that nothing has
 */
export function findInstalledModel(choice: InstalledChoice, notInBox: ModelError): InstalledModel {
  const { model = 'mobilenet_v2', alpha, resolution } = choice;
  const installed = findInstalled({ model, alpha, resolution });
  if (installed) return installed;
  const entry = findEntries({ model, alpha, resolution })[0];
  if (entry) {
    throw new ModelError('model-not-installed', {
      where: askedFor(choice),
      problem: 'no weights in the box, nor installed',
      expected: `them after: ${pullCommand(choice)} (--pull does it at once); or a file of your own: --weights FILE`,
    });
  }
  if (!isNetworkId(model)) findNetwork(model);
  throw notInBox;
}

function askedFor({ model = 'mobilenet_v2', alpha, resolution }: InstalledChoice): string {
  const asked = [model];
  if (alpha !== undefined) asked.push(`α ${alpha}`);
  if (resolution !== undefined) asked.push(`${resolution}×${resolution}`);
  return asked.join(' ');
}

/** What to type to get the model. */
export function pullCommand({ model = 'mobilenet_v2', alpha, resolution }: InstalledChoice): string {
  const words = ['mobilenet pull', model];
  if (alpha !== undefined) words.push(`--alpha ${alpha}`);
  if (resolution !== undefined) words.push(`--res ${resolution}`);
  return words.join(' ');
}

export function loadInstalled(installed: InstalledModel): LoadedModel {
  const home = storeHome();
  return { installed, path: weightsPath(installed, home), bytes: readInstalledWeights(installed, home) };
}

/** The model's own labels, as many as it has classes; undefined where it has none. */
export function loadInstalledLabels(installed: InstalledModel): readonly Label[] | undefined {
  const file = readInstalledLabels(installed);
  if (file === undefined) return undefined;
  const labels = parseLabels(file.bytes, file.path);
  if (labels.length !== installed.classes) {
    throw new ModelError('labels', {
      where: installed.name,
      problem: `${labels.length} labels`,
      expected: `${installed.classes}`,
    });
  }
  return labels;
}

/** The paper's network that weights in the project's own layout are of. */
export function networkOf({ name, network, alpha, resolution, classes, padding }: InstalledModel): ResolvedNetwork {
  if (!isNetworkId(network)) {
    throw new ModelError('network-unsupported', {
      where: name,
      problem: `of a network called ${network}`,
      expected: 'one that is known',
    });
  }
  return resolve(buildNetwork(network, { alpha, classes }), { resolution, padding: padding! });
}

/** Weights in the project's own naming and layout. */
export function weightsOf(bytes: Uint8Array, where: string): NetworkWeights {
  return groupTensors(readSafetensors(bytes, where), where);
}

export { storeHome } from '../store/home.js';
export { removeModel } from '../store/install.js';
export { readInstalledLevels, verifyModels } from '../store/installed.js';
