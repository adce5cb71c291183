import { cropMethods, type Preprocessing, resizeFilters } from '../domain/preprocessing.js';
import type { Fields } from '../untrusted-data/fields.js';
import type { ModelDescription } from './types.js';

/** What a graph does to its input first can make the network's own range a large one, or one upside down. */
const MAX_VALUE = 1e6;
const MIN_STD = 1e-9;

/** The `preprocessing` object of a card, of a record or of the catalog; every field is checked. */
export function readPreprocessing(fields: Fields): Preprocessing {
  const preprocessing: Preprocessing = {
    crop: fields.oneOf('crop', cropMethods),
    resize: fields.integer('resize', 1, 8192),
    resolution: fields.integer('resolution', 1, 4096),
    ...(fields.has('cropShare') && { cropShare: fields.number('cropShare', Number.MIN_VALUE, 1) }),
    filter: fields.oneOf('filter', resizeFilters),
    mean: fields.triple('mean', -MAX_VALUE, MAX_VALUE),
    std: fields.triple('std', -MAX_VALUE, MAX_VALUE),
    ...(fields.has('grey') && fields.flag('grey') && { grey: true }),
    ...(fields.has('assumed') && { assumed: fields.text('assumed') }),
  };
  if (preprocessing.std.some((value) => Math.abs(value) < MIN_STD)) throw fields.wrong('std', 'no value near 0');
  if (preprocessing.crop === 'center' && preprocessing.resize < preprocessing.resolution) {
    throw fields.wrong('resize', `at least the resolution, ${preprocessing.resolution}`);
  }
  fields.refuseRest();
  return preprocessing;
}

/** A `published` object of a record or of the catalog. */
export function readPublished(fields: Fields): NonNullable<ModelDescription['published']> {
  const published = {
    top1: fields.number('top1', 0, 100),
    top5: fields.nullable('top5', () => fields.number('top5', 0, 100)),
    source: fields.text('source'),
  };
  fields.refuseRest();
  return published;
}
