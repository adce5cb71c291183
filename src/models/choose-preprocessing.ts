import type { Triple } from '../domain/input-range.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { chooseInputRange, type RangeFacts } from './choose-input-range.js';
import type { FoundPreprocessing } from './companion-files.js';

/** How pictures are scaled and cropped. */
export interface Geometry extends Pick<Preprocessing, 'crop' | 'filter' | 'cropShare'> {
  /** Shorter side before the crop. */
  readonly resize: (resolution: number) => number;
}

/** All that is known of how a network's pictures are prepared. */
export interface PreprocessingFacts extends RangeFacts {
  readonly resolution: number;
  readonly grey: boolean;
  readonly beside?: FoundPreprocessing | undefined;
  readonly geometry: Geometry;
}

/**
 * How pictures are prepared for a network: its input range, and how they are scaled and cropped.
 * @throws UsageError for options that contradict each other
 */
export function choosePreprocessing(facts: PreprocessingFacts): Preprocessing {
  const { resolution, grey, beside, geometry } = facts;
  const { mean, std, assumed } = chooseInputRange(facts);
  const { crop, filter, resize, cropShare } = { ...geometry, ...beside };
  const side = resize(resolution);
  const isRounded = crop === 'center' && cropShare !== undefined && side * cropShare !== resolution;
  return {
    crop,
    resize: crop === 'center' ? Math.max(side, resolution) : side,
    resolution,
    ...(isRounded && { cropShare }),
    filter,
    mean: grey ? same(mean) : mean,
    std: grey ? same(std) : std,
    ...(grey && { grey }),
    ...(assumed !== undefined && { assumed }),
  };
}

function same([first]: Triple): Triple {
  return [first, first, first];
}
