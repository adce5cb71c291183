import type { ActivationMap, Evidence } from './activation-map.js';
import type { Area } from './area.js';
import type { ModelFacts, Origin, PictureFacts, Prediction, Timing, UnknownFacts } from './classification.js';

/** A class, and what the network says of it. */
export interface ExplainedClass extends Prediction {
  /** Its place among all classes, from 1. */
  readonly rank: number;
  /** Before softmax or sigmoid. */
  readonly logit: number;
}

/** Where in a picture a class's logit comes from. */
export interface PictureExplanation extends Origin, PictureFacts {
  readonly model: ModelFacts;
  /** Set where the picture is none of a learned model's classes. */
  readonly unknown?: UnknownFacts;
  readonly class: ExplainedClass;
  /** The class that it is compared with: all numbers below are then differences of the two. */
  readonly against?: ExplainedClass;
  /** As the network computed it. */
  readonly logit: number;
  readonly bias: number;
  /**
   * mean of the cells + bias = logit. `difference` is what is left of that: rounding, with int8 the error of integers, and
   * what a quantised file clips; null where the network does not show the logit itself.
   */
  readonly identity: { readonly mean: number; readonly sum: number; readonly difference: number | null };
  /** Size of the upright picture in pixels. */
  readonly picture: { readonly width: number; readonly height: number };
  /** What the network saw of it; the rest was cut off. */
  readonly seen: Area;
  /** What the cells together cover: more than `seen` where the network's input is padded. */
  readonly covered: Area;
  /** In units of logits, rows from the top. */
  readonly grid: ActivationMap;
  readonly evidence: Evidence;
  /** Of the heat map: the same for all pictures. A cell of `fullColour` times `evidence.average` has the full colour. */
  readonly scale: { readonly unit: 'evidence.average'; readonly fullColour: number };
  /** The smallest rectangle of cells with 80 % of the positive evidence, and its share; null where there is none. */
  readonly box80: (Area & { readonly share: number }) | null;
  /** Why the map means nothing. */
  readonly nothingToSee?: string;
  readonly ms: Timing;
}
