import type { PreprocessingRecord } from '../domain/classification.js';
import type { Label } from '../domain/label.js';
import type { ModelChoice, ModelRequest } from '../domain/model-choice.js';
import { atResolution, type Preprocessing } from '../domain/preprocessing.js';
import { UsageError } from '../errors/errors.js';
import { storeHome } from '../store/home.js';
import { loadImagenetLabels } from './bundled.js';
import { assumptionNote } from './choose-input-range.js';
import { areIndependent } from './graph-facts.js';
import { inIntegers } from './integers.js';
import { readLabels } from './labels.js';
import type { Model, ModelSource } from './model.js';
import { packedStore } from './packed-files.js';

/**
 * The model of a source, with what the caller asks for: every `Model` comes from here.
 * @throws UsageError for `--exact` without integers, ModelError `calibration` for `--dtype int8` without ranges
 */
export async function makeModel(source: ModelSource, choice: ModelRequest): Promise<Model> {
  const { name, network, exact, openLabels, readLevels, openHalves, packedKey } = source;
  if (choice.exact === true && !exact) {
    throw new UsageError({
      where: '--exact',
      problem: `${name} computes in floats`,
      expected: 'a quantised .tflite file',
    });
  }
  const { id, alpha, resolution, classes } = network;
  const trainedResolution = source.trainedResolution ?? null;
  const preprocessing = adjust(atResolution(source.preprocessing, resolution), choice);
  const found = choice.labels === undefined ? source.findLabels?.() : undefined;
  const note = assumptionNote(name, preprocessing, source.own === 'imported');
  const model: Model = {
    facts: {
      ...{ network: id, alpha, resolution, trainedResolution, dtype: exact ? 'exact' : 'f32', weights: name },
      ...(source.own && areIndependent(network) && classes > 1 && { output: 'independent' }),
      ...(source.own && { preprocessing: recordOf(preprocessing) }),
    },
    title: source.title ?? id,
    network,
    epsilon: source.epsilon,
    preprocessing,
    notes: [...(note === undefined ? [] : [note]), ...(source.notes ?? []), ...(found?.notes ?? [])],
    readWeights: (allocate) => source.readWeights(allocate),
    readLabels: () =>
      choice.labels === undefined
        ? withSynsets(found?.labels ?? source.readLabels?.() ?? defaultLabels(classes))
        : withSynsets(readLabels(choice.labels, classes)),
    ...(openLabels && choice.labels === undefined && { openLabels }),
    ...(openHalves && { openHalves }),
    ...(source.unknown && { unknown: source.unknown }),
    ...(exact && { exact }),
  };
  if (choice.dtype !== 'int8') return model;
  return {
    ...inIntegers(model, readLevels),
    ...(packedKey !== undefined && { packed: () => packedStore(storeHome(), `${packedKey}.${resolution}`) }),
  };
}

/** With what the caller wants otherwise. */
function adjust(preprocessing: Preprocessing, { crop, filter }: Pick<ModelChoice, 'crop' | 'filter'>): Preprocessing {
  return { ...preprocessing, ...(crop && { crop }), ...(filter && { filter }) };
}

/** As results give it. */
export function recordOf({
  resolution: _resolution,
  cropShare: _cropShare,
  assumed,
  ...known
}: Preprocessing): PreprocessingRecord {
  return { ...known, assumed: assumed !== undefined, ...(assumed !== undefined && { reason: assumed }) };
}

/** From this share of equal names on, a list names ImageNet's classes in their order; spellings differ. */
const SAME_NAMES = 0.9;

/** With ImageNet's synset ids, by which groups such as `dog` work, where labels without ids name its classes in its order. */
function withSynsets(labels: readonly Label[]): readonly Label[] {
  if ((labels.length !== 1000 && labels.length !== 1001) || labels.some(({ id }) => id !== undefined)) return labels;
  const known = loadImagenetLabels(labels.length);
  const same = labels.filter(({ name }, index) => firstName(name) === firstName(known[index]?.name ?? ''));
  if (same.length < SAME_NAMES * labels.length) return labels;
  return labels.map((label, index) => {
    const id = known[index]?.id;
    return id === undefined ? label : { ...label, id };
  });
}

function firstName(label: string): string {
  return (label.split(',', 1)[0] ?? '').trim().toLowerCase();
}

/** ImageNet's where the number of classes says so; otherwise classes go by number. */
export function defaultLabels(classes: number): readonly Label[] {
  if (classes === 1000 || classes === 1001) return loadImagenetLabels(classes);
  if (classes === 1) return [{ name: 'class 1' }];
  return Array.from({ length: classes }, (_, index) => ({ name: `class ${index}` }));
}
