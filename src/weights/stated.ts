import { ModelError } from '../errors.js';
import type { Preprocessing } from '../images/types.js';
import { type PaddingConvention, paddingConventions } from '../networks/types.js';
import { readPreprocessing } from './card.js';
import { Fields } from './fields.js';

/** What weights do not show, written beside them when they leave the store. */
export interface Stated {
  readonly resolution: number;
  readonly padding: PaddingConvention;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
}

/** The header's text under which it stands, as JSON. */
const KEY = 'mobilenet';

export function formatStated({
  resolution,
  padding,
  epsilon,
  preprocessing,
}: Stated): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify({ resolution, padding, epsilon, preprocessing }) };
}

/** From a safetensors header's free text; undefined for a file that another program wrote. */
export function readStated(metadata: unknown): Stated | undefined {
  const text = (metadata as Readonly<Record<string, unknown>> | undefined)?.[KEY];
  if (typeof text !== 'string') return undefined;
  try {
    const fields = new Fields(JSON.parse(text), '', KEY);
    const preprocessing = readPreprocessing(fields.object('preprocessing'));
    const resolution = fields.integer('resolution', 1, 4096);
    if (preprocessing.resolution !== resolution) return undefined;
    return {
      resolution,
      padding: fields.oneOf('padding', paddingConventions),
      epsilon: fields.number('epsilon', 0, 1),
      preprocessing,
    };
  } catch (error) {
    if (error instanceof ModelError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
