import type { PreprocessingRecord } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { UsageError } from '../errors/errors.js';
import { storeHome } from '../store/home.js';
import { loadImagenetLabels } from './bundled.js';
import { assumptionNote } from './choose-input-range.js';
import { areIndependent } from './graph-facts.js';
import { readLabels } from './labels.js';
import type { Model, ModelChoice, ModelSource } from './model.js';
import { packedStore } from './packed-files.js';

/**
 * The model of a source, with what the caller asks for: every `Model` comes from here.
 * @throws UsageError for `--exact` without integers, ModelError `calibration` for `--dtype int8` without ranges
 */
export async function makeModel(source: ModelSource, choice: ModelChoice): Promise<Model> {
  const { name, network, exact, openLabels, readLevels, halfFileBytes, packedKey } = source;
  if (choice.exact && !exact) {
    throw new UsageError({
      where: '--exact',
      problem: `${name} computes in floats`,
      expected: 'a quantised .tflite file',
    });
  }
  const { id, alpha, resolution, classes } = network;
  const preprocessing = adjust(source.preprocessing, choice);
  const found = choice.labels === undefined ? source.findLabels?.() : undefined;
  const note = assumptionNote(name, preprocessing, source.own === 'imported');
  const model: Model = {
    facts: {
      ...{ network: id, alpha, resolution, dtype: exact ? 'int8' : 'f32', weights: name },
      ...(source.own && areIndependent(network) && classes > 1 && { output: 'independent' }),
      ...(source.own && { preprocessing: recordOf(preprocessing) }),
    },
    title: source.title ?? id,
    network,
    epsilon: source.epsilon,
    preprocessing,
    notes: [...(note === undefined ? [] : [note]), ...(found?.notes ?? [])],
    readWeights: (allocate) => source.readWeights(allocate),
    readLabels: () =>
      choice.labels === undefined
        ? (found?.labels ?? source.readLabels?.() ?? defaultLabels(classes))
        : readLabels(choice.labels, classes),
    ...(openLabels && choice.labels === undefined && { openLabels }),
    ...(halfFileBytes !== undefined && { halfFileBytes }),
    ...(exact && { exact }),
  };
  if (choice.dtype !== 'int8') return model;
  const { inIntegers } = await import('./integers.js');
  return {
    ...inIntegers(model, readLevels),
    ...(packedKey !== undefined && { packed: () => packedStore(storeHome(), packedKey) }),
  };
}

/** With what the caller wants otherwise. */
function adjust(preprocessing: Preprocessing, { crop, filter }: ModelChoice): Preprocessing {
  return { ...preprocessing, ...(crop && { crop }), ...(filter && { filter }) };
}

function recordOf({ resolution: _, assumed, ...known }: Preprocessing): PreprocessingRecord {
  return { ...known, assumed: assumed !== undefined, ...(assumed !== undefined && { reason: assumed }) };
}

/** ImageNet's where the number of classes says so; otherwise classes go by number. */
function defaultLabels(classes: number): readonly Label[] {
  if (classes === 1000 || classes === 1001) return loadImagenetLabels(classes);
  if (classes === 1) return [{ name: 'class 1' }];
  return Array.from({ length: classes }, (_, index) => ({ name: `class ${index}` }));
}
