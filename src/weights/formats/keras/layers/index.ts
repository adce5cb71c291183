import { quoted } from '../../../../errors/printable.js';
import { type LayerHandler, refusal } from '../layer-handler.js';
import type { KerasLayer } from '../model-config.js';
import { activation, activationLayer, activationLayers, prelu } from './activations.js';
import { convolution, dense, depthwiseConvolution, separableConvolution } from './linear.js';
import { average, concatenate, merging } from './merging.js';
import { batchNormalization, inactive, normalization, rescaling } from './normalisation.js';
import { isOperation, operationHandler, operationName } from './operations.js';
import { averagePooling, globalAveragePooling, globalMaxPooling, maxPooling } from './pooling.js';
import {
  centerCrop,
  cropping,
  flatten,
  permute,
  randomCrop,
  reshape,
  resizing,
  upSampling,
  zeroPadding,
} from './shapes.js';

/** Layers that do nothing once a network is trained: they drop, disturb and vary what it is trained on. */
const INACTIVE = [
  ...['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'AlphaDropout', 'GaussianDropout', 'GaussianNoise'],
  ...['ActivityRegularization', 'Identity', 'RandomFlip', 'RandomRotation', 'RandomZoom', 'RandomTranslation'],
  ...['RandomContrast', 'RandomBrightness', 'RandomWidth', 'RandomHeight', 'RandomHue', 'RandomSaturation'],
  ...['RandomSharpness', 'RandomShear', 'RandomGrayscale', 'RandomErasing', 'RandomColorDegeneration'],
  ...['RandomColorJitter', 'RandomPosterization', 'RandomInvert', 'RandomGaussianBlur', 'RandomPerspective'],
  ...['RandomElasticTransform', 'Solarization', 'RandAugment', 'AugMix', 'CutMix', 'MixUp'],
];

const HANDLERS: ReadonlyMap<string, LayerHandler> = new Map<string, LayerHandler>([
  ...INACTIVE.map((name) => [name, inactive] as const),
  ...activationLayers.map((name) => [name, activationLayer] as const),
  ['Activation', activation],
  ['Add', merging('add')],
  ['Average', average],
  ['AveragePooling2D', averagePooling],
  ['BatchNormalization', batchNormalization],
  ['CenterCrop', centerCrop],
  ['Concatenate', concatenate],
  ['Conv2D', convolution],
  ['Convolution2D', convolution],
  ['Cropping2D', cropping],
  ['Dense', dense],
  ['DepthwiseConv2D', depthwiseConvolution],
  ['Flatten', flatten],
  ['GlobalAveragePooling2D', globalAveragePooling],
  ['GlobalMaxPooling2D', globalMaxPooling],
  ['MaxPooling2D', maxPooling],
  ['Maximum', merging('maximum')],
  ['Minimum', merging('minimum')],
  ['Multiply', merging('multiply')],
  ['Normalization', normalization],
  ['PReLU', prelu],
  ['Permute', permute],
  ['RandomCrop', randomCrop],
  ['Rescaling', rescaling],
  ['Reshape', reshape],
  ['Resizing', resizing],
  ['SeparableConv2D', separableConvolution],
  ['SeparableConvolution2D', separableConvolution],
  ['Subtract', merging('subtract')],
  ['UpSampling2D', upSampling],
  ['ZeroPadding2D', zeroPadding],
]);

/**
 * What makes layers of a Keras layer.
 * @throws ModelError `operator-unsupported` for a class that is not known
 */
export function handlerOf(layer: KerasLayer, where: string): LayerHandler {
  const { className, name } = layer;
  const handler = isOperation(layer) ? operationHandler(layer) : HANDLERS.get(className);
  if (handler !== undefined) return handler;
  if (className === 'Lambda') {
    throw refusal(where, `the Lambda layer ${quoted(name)} holds Python code, which is never run`);
  }
  const shown = isOperation(layer) ? `${className} ${operationName(layer)}` : className;
  throw refusal(where, `layer ${quoted(name)} of the class ${quoted(shown)} is not supported`);
}
