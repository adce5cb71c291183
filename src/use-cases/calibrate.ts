import { stat } from 'node:fs/promises';
import type { CalibrationFacts } from '../domain/calibration.js';
import { chooseRangesAndWidths } from '../engine/int8/choose-widths.js';
import { groupLevels, nameLevels } from '../engine/int8/levels-file.js';
import { loadKernels } from '../engine/kernels.js';
import { loadPixelKernels } from '../engine/pixels.js';
import { createSession } from '../engine/session.js';
import { elementAt } from '../errors/element-at.js';
import { ImageError, ModelError, UsageError } from '../errors/errors.js';
import { findInputs } from '../inputs/find.js';
import { levelsOfPicture } from '../models/integers.js';
import type { Model } from '../models/model.js';
import { preparePicture } from '../runners/prepare-picture.js';
import { checkWeights } from '../weights/check.js';
import { readSafetensors, writeSafetensors } from '../weights/formats/safetensors/safetensors.js';

export interface ImportCalibration {
  /** A folder of pictures such as will be classified; with its folders below. */
  readonly folder: string;
  /** Told of each picture that cannot be read and is left out. */
  readonly onError?: (error: ImageError) => void;
  readonly onProgress?: (unit: 'picture' | 'map', done: number, total: number) => void;
}

/** More change the levels little; of a larger folder as many are taken, evenly spread. */
const MOST_PICTURES = 512;
export interface ChosenLevels {
  /** A safetensors file. */
  readonly bytes: Uint8Array;
  readonly facts: CalibrationFacts;
}

/**
 * How a model's maps are stored in integers, chosen by a folder's pictures, and what that costs on pictures held out.
 * @throws UsageError for a folder without pictures, ModelError `calibration` for a network that integers do not fit
 */
export async function levelsFor(
  model: Model,
  { folder, onError = () => {}, onProgress }: ImportCalibration,
): Promise<ChosenLevels> {
  const { network, epsilon, preprocessing } = model;
  const weights = model.readWeights();
  checkWeights(network, weights, model.facts.weights);
  const files = await listPictures(folder);
  const prepare = async (index: number, into: Float32Array) => {
    try {
      const file = elementAt(files, index);
      await preparePicture({ file, path: file }, preprocessing, into, loadPixelKernels());
      return true;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      onError(error);
      return false;
    }
  };
  const options = { picture: levelsOfPicture(network, preprocessing), ...(onProgress && { onProgress }) };
  const { levels, pictures, heldOut } = await chooseRangesAndWidths(
    { network, weights, epsilon },
    files.length,
    prepare,
    options,
  );
  const bytes = writeSafetensors(nameLevels(levels), { network: network.id });
  // What was chosen has to be fit to be read and run before it is kept.
  const read = groupLevels(readSafetensors(bytes, folder), folder, (await loadKernels()).constants);
  const session = await createSession(network, weights, epsilon, { levels: read });
  if (!session.run().every(Number.isFinite)) {
    throw new ModelError('calibration', {
      where: network.id,
      problem: 'with integer ranges from these images the network gives no probabilities',
      remedy: 'calibrate with images such as the model will classify',
    });
  }
  const { sameTop, largestChange } = heldOut;
  return { bytes, facts: { images: pictures, heldOut: heldOut.pictures, sameTop, largestChange } };
}

/** Files of a folder and of those below, but for names that are not UTF-8. */
async function listPictures(folder: string): Promise<readonly string[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new UsageError({
      where: `--calibrate ${folder}`,
      problem: 'no such folder',
      expected: 'a folder of images',
    });
  const files: string[] = [];
  for await (const { path, error } of findInputs([folder])) {
    if (typeof path === 'string' && error === undefined) files.push(path);
  }
  const count = Math.min(files.length, MOST_PICTURES);
  return Array.from({ length: count }, (_, index) => elementAt(files, Math.floor((index * files.length) / count)));
}
