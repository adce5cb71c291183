import type { KerasLayer } from './model-config.js';

/** A variable of a layer: the name that it goes by here, and the ones that files give it. */
export interface LayerVariable {
  readonly name: string;
  readonly names: readonly string[];
  /** Of the layer's trainable variables, which older files list first. */
  readonly trainable: boolean;
}

const trained = (name: string, ...others: readonly string[]): LayerVariable => {
  return { name, names: [name, ...others], trainable: true };
};
const observed = (name: string): LayerVariable => ({ name, names: [name], trainable: false });

const bias = trained('bias');

/** Variables by class, in the order in which Keras makes them. */
const VARIABLES: Readonly<Record<string, readonly LayerVariable[]>> = {
  Conv2D: [trained('kernel'), bias],
  Convolution2D: [trained('kernel'), bias],
  Dense: [trained('kernel'), bias],
  DepthwiseConv2D: [trained('depthwise_kernel', 'kernel'), bias],
  SeparableConv2D: [trained('depthwise_kernel'), trained('pointwise_kernel'), bias],
  SeparableConvolution2D: [trained('depthwise_kernel'), trained('pointwise_kernel'), bias],
  BatchNormalization: [
    ...[trained('gamma'), trained('beta')],
    ...[observed('moving_mean'), observed('moving_variance')],
  ],
  PReLU: [trained('alpha')],
  Normalization: [observed('mean'), observed('variance')],
};

/** The floating-point variables that a layer has by its class and settings. */
export function variablesOf({ className, config }: KerasLayer): readonly LayerVariable[] {
  const all = Object.hasOwn(VARIABLES, className) ? VARIABLES[className]! : [];
  return all.filter(({ name }) => {
    if (name === 'bias') return config.use_bias !== false && config.bias !== false;
    if (name === 'gamma') return config.scale !== false;
    if (name === 'beta') return config.center !== false;
    // What was stated when the layer was made is not stored again.
    if (className === 'Normalization') return config.mean === undefined || config.mean === null;
    return true;
  });
}

/** Keras 1's and TensorFlow's names of what Keras 2 and 3 call otherwise. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  W: 'kernel',
  b: 'bias',
  running_mean: 'moving_mean',
  running_std: 'moving_variance',
  running_var: 'moving_variance',
};

/** The name of a stored variable in parts. */
export interface StoredName {
  /** Names of models and layers, the variable's own layer last. */
  readonly scopes: readonly string[];
  readonly variable: string;
}

/** `SCOPE/…/LAYER/kernel:0`, or `LAYER/LAYER_W` as Keras 1 writes it. */
export function parseStoredName(path: string): StoredName {
  const parts = path.replace(/:0$/, '').split('/');
  const last = parts.at(-1)!;
  const old = /^(.+)_(W|b|gamma|beta|running_mean|running_std|running_var|(?:depth|point)wise_kernel)$/.exec(last);
  if (old) return { scopes: [...parts.slice(0, -1), old[1]!], variable: OLD_NAMES[old[2]!] ?? old[2]! };
  return { scopes: parts.slice(0, -1), variable: OLD_NAMES[last] ?? last };
}
