export type { CostFacts, ModelFacts, Prediction, Timing } from './domain/classification.js';
export type { Preprocessing, ResizeFilter } from './domain/preprocessing.js';
export { ImageError, MobilenetError, ModelError, RuntimeError, UsageError } from './errors/errors.js';
export type { ModelChoice } from './models/model.js';
export {
  type Classification,
  type Classifier,
  type ClassifyOptions,
  type LoadOptions,
  load,
} from './use-cases/classifier.js';
