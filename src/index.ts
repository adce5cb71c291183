export { type Classification, type Classifier, type ClassifyOptions, type LoadOptions, load } from './classifier.js';
export { ImageError, MobilenetError, ModelError, RuntimeError, UsageError } from './errors.js';
export type { Preprocessing, ResizeFilter } from './images/types.js';
export type { ModelChoice } from './model.js';
export type { CostFacts, ModelFacts, Prediction, Timing } from './report/records.js';
