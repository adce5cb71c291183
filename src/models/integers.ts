import type { Preprocessing } from '../domain/preprocessing.js';
import type { Levels, ValueLevels } from '../engine/int8/levels.js';
import { groupLevels } from '../engine/int8/levels-file.js';
import { levelsOfRanges, rangesOfFile } from '../engine/int8/ranges-of-file.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { NETWORK_INPUT, type ResolvedNetwork } from '../networks/types.js';
import type { NamedTensors } from '../weights/types.js';
import type { Model } from './model.js';

/**
 * The model, to be run in integers: how its maps are stored comes from a calibration, kept beside its weights, or from the
 * ranges of a quantised file.
 * Throws ModelError `calibration` where neither says.
 */
export function inIntegers(model: Model, readCalibrated?: () => NamedTensors): Model {
  const { network, facts } = model;
  if (model.exact)
    throw new UsageError({
      where: '--dtype int8',
      problem: '--exact computes in integers already',
      remedy: 'give one of the two',
    });
  const ofFile = readCalibrated ? undefined : rangesOfFile(network);
  if (!readCalibrated && !ofFile) {
    throw new ModelError('calibration', {
      where: facts.weights,
      problem: 'not calibrated for int8',
      remedy:
        'run: mobilenet import FILE --as NAME --calibrate FOLDER; or take a quantised .tflite file, or --dtype f32',
    });
  }
  return {
    ...model,
    facts: { ...facts, dtype: 'int8' },
    readLevels(limits) {
      const levels = ofFile
        ? levelsOfRanges(ofFile, network, limits)
        : groupLevels(readCalibrated!(), facts.weights, limits);
      return withPicture(levels, network, model.preprocessing);
    },
  };
}

/** Adds how the picture itself is stored; the levels as they are where it is not in integers. */
export function withPicture(
  levels: Levels,
  network: Pick<ResolvedNetwork, 'inputShape'>,
  preprocessing: Pick<Preprocessing, 'mean' | 'std'>,
): Levels {
  const picture = levelsOfPicture(network, preprocessing);
  return picture ? { ...levels, values: new Map([...levels.values, [NETWORK_INPUT, picture]]) } : levels;
}

/**
 * How the picture is stored: in the levels of its pixels, of which zero lies between two. Undefined where its preprocessing
 * does not map pixels so that zero is among their values.
 */
export function levelsOfPicture(
  { inputShape }: Pick<ResolvedNetwork, 'inputShape'>,
  { mean, std }: Pick<Preprocessing, 'mean' | 'std'>,
): ValueLevels | undefined {
  if (inputShape.channels !== mean.length || !mean.every((each) => each >= 0 && each <= 1)) return undefined;
  return {
    scale: Float32Array.from(std, (each) => 1 / (255 * each)),
    zero: Float32Array.from(mean, (each) => 255 * each),
    mean: new Float32Array(mean.length),
    wide: false,
  };
}
