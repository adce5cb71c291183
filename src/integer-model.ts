import { levelsFromRanges } from './engine/int8/ranges.js';
import { groupLevels } from './engine/int8/stored.js';
import { ModelError, UsageError } from './errors.js';
import type { Model } from './model.js';
import { loadLevels, type StoredModel } from './weights/box.js';

/**
 * The model, to be run in integers: how its maps are stored comes from the box, or from the ranges of a quantised file.
 * Throws ModelError `calibration` where neither says.
 */
export function inIntegers(model: Model, stored?: StoredModel): Model {
  const { network, facts } = model;
  if (model.exact)
    throw new UsageError('--dtype int8: with --exact integers are computed already, expected one of them');
  const levels = stored ? undefined : levelsFromRanges(network);
  const tensors = stored && loadLevels(stored);
  if (!levels && !tensors) {
    throw new ModelError(
      'calibration',
      `${facts.weights}: int8 needs the ranges of its maps' values, and nothing says them, expected a model of the box or a quantised .tflite file, or --dtype f32`,
    );
  }
  return {
    ...model,
    facts: { ...facts, dtype: 'int8' },
    readLevels: () => levels ?? groupLevels(tensors!, stored!.card.levels!.file),
  };
}
