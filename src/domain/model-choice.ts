import { type InputRangeName, inputRangeNames } from './input-range.js';
import {
  choiceRule,
  flagRule,
  numbersRule,
  positiveRule,
  type RuleTable,
  textRule,
  textsRule,
  wholeRule,
} from './option-rules.js';
import { type CropMethod, cropMethods, type ResizeFilter, resizeFilters } from './preprocessing.js';

/** What networks can compute in. */
export const dtypes = ['f32', 'int8'] as const;

/** Files that weights may come in: of two graphs the output of the first is the input of the second. */
export const MOST_WEIGHT_FILES = 2;

/** Which model runs; everything left out follows from the weights. */
export interface ModelChoice {
  /** A network's id, or the name of a bundled or installed model; MobileNetV2 by default. */
  readonly model?: string;
  /** Width multiplier; 1 by default, or that of the weights. */
  readonly alpha?: number;
  /** Side of the network's square input in pixels; by default what the weights were trained at. */
  readonly resolution?: number;
  /** One file of weights (or TensorFlow.js folder), or two graphs that run one after the other. */
  readonly weights?: readonly string[];
  /** File of class names: one per line, JSON, or CSV lines “index,name”; by default those that belong to the weights. */
  readonly labels?: string;
  /** Crop the centre of the image, or squash all of it into a square; by default as the model was trained. */
  readonly crop?: CropMethod;
  /** How images are scaled; by default as the model was trained. */
  readonly filter?: ResizeFilter;
  /** Values that the network was trained on, for weights of one's own; by default what the files say. */
  readonly input?: InputRangeName;
  /** In place of `input`, in units of 0…1: one number for each channel, or one for all. */
  readonly mean?: readonly number[];
  /** Standard deviation, with `mean` and in the same units. */
  readonly std?: readonly number[];
  /** Which output of an ONNX file has the classes, where it has several. */
  readonly outputName?: string;
  /**
   * Compute in the integers of a quantised TFLite file, to the same bytes as TFLite's reference kernels, or throw. By default
   * such a file is classified so where it can be, unless `fast` or `dtype` is given.
   */
  readonly exact?: boolean;
  /** Compute a quantised TFLite file in floats: other last digits, and now and then another class. */
  readonly fast?: boolean;
  /** What the network computes in: floats, or 7 and 12 bit integers, faster and a little less accurate. `f32` by default. */
  readonly dtype?: (typeof dtypes)[number];
}

/** A choice for those who take TFLite's own integers where a file has them. */
export interface ModelRequest extends Omit<ModelChoice, 'exact'> {
  readonly exact?: boolean | 'preferred';
}

/** Where the choice says nothing else. */
export function preferExact(choice: ModelChoice): ModelRequest {
  const { exact, fast, dtype } = choice;
  return exact || fast || dtype !== undefined ? choice : { ...choice, exact: 'preferred' };
}

/** What each of them must be, whatever the model. */
export const modelRules: RuleTable<ModelChoice> = {
  model: textRule,
  alpha: positiveRule,
  resolution: wholeRule({ unit: 'pixels' }),
  weights: textsRule(MOST_WEIGHT_FILES),
  labels: textRule,
  crop: choiceRule(cropMethods),
  filter: choiceRule(resizeFilters),
  input: choiceRule(inputRangeNames),
  mean: numbersRule,
  std: numbersRule,
  outputName: textRule,
  exact: flagRule,
  fast: flagRule,
  dtype: choiceRule(dtypes),
};
