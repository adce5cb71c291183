/// <reference types="node" preserve="true" />
export type { ConventionId } from './cost/conventions.js';
export type { Cost, KindCost, LayerCost, StandardCost } from './cost/cost.js';
export type { ParameterCounts } from './cost/count-layer.js';
export type {
  Classification,
  CostFacts,
  ModelFacts,
  PictureFacts,
  PictureSize,
  Prediction,
  PreprocessingRecord,
  Timing,
  UnknownFacts,
} from './domain/classification.js';
export type { ImageInput, RawPixels, SharpImage } from './domain/image-input.js';
export type { InputRangeName } from './domain/input-range.js';
export type { ModelChoice } from './domain/model-choice.js';
export type { CropMethod, Preprocessing, ResizeFilter } from './domain/preprocessing.js';
export type { ClassifiedRow, FailedRow, Row } from './domain/rows.js';
export {
  type ErrorDetails,
  ImageError,
  MobilenetError,
  ModelError,
  RuntimeError,
  UsageError,
} from './errors/errors.js';
export type { NetworkFacts, NetworkId, PublishedSet, Range } from './networks/index.js';
export type { LayerKind } from './networks/types.js';
export {
  type Classifier,
  type ClassifyAllOptions,
  type ClassifyOptions,
  type ComputeOptions,
  type EmbedOptions,
  type LoadOptions,
  load,
} from './use-cases/classifier.js';
export { type CostOptions, cost, type NetworkCost, networks } from './use-cases/network-cost.js';
