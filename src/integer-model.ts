import { levelsFromRanges } from './engine/int8/ranges.js';
import { groupLevels } from './engine/int8/stored.js';
import { ModelError, UsageError } from './errors.js';
import type { Model } from './model.js';
import type { NamedTensors } from './weights/types.js';

/** The levels that lie beside a model's weights, where there are any. */
export type ReadLevels = () => NamedTensors | undefined;

/**
 * The model, to be run in integers: how its maps are stored comes from a calibration, kept beside its weights, or from the
 * ranges of a quantised file.
 * Throws ModelError `calibration` where neither says.
 */
export function inIntegers(model: Model, readStored: ReadLevels = () => undefined): Model {
  const { network, facts } = model;
  if (model.exact)
    throw new UsageError('--dtype int8: with --exact integers are computed already, expected one of them');
  const tensors = readStored();
  const levels = tensors ? undefined : levelsFromRanges(network);
  if (!levels && !tensors) {
    throw new ModelError(
      'calibration',
      `${facts.weights}: int8 needs the ranges of its maps, and nothing says them, expected them after mobilenet import FILE --as NAME --calibrate FOLDER, or a quantised .tflite file, or --dtype f32`,
    );
  }
  return {
    ...model,
    facts: { ...facts, dtype: 'int8' },
    readLevels: () => levels ?? groupLevels(tensors!, facts.weights),
  };
}
