/// <reference types="node" preserve="true" />
export type {
  Classification,
  CostFacts,
  ModelFacts,
  Prediction,
  PreprocessingRecord,
  Timing,
} from './domain/classification.js';
export type { ImageInput, RawPixels, SharpImage } from './domain/image-input.js';
export type { InputRangeName } from './domain/input-range.js';
export type { ModelChoice } from './domain/model-choice.js';
export type { Preprocessing, ResizeFilter } from './domain/preprocessing.js';
export type { ClassifiedRow, FailedRow, Row } from './domain/rows.js';
export {
  type ErrorDetails,
  ImageError,
  MobilenetError,
  ModelError,
  RuntimeError,
  UsageError,
} from './errors/errors.js';
export {
  type Classifier,
  type ClassifyAllOptions,
  type ClassifyOptions,
  type ComputeOptions,
  type LoadOptions,
  load,
} from './use-cases/classifier.js';
