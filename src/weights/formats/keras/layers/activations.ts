import { quoted } from '../../../../errors/printable.js';
import type { Activation } from '../../../../networks/types.js';
import { isJsonObject, type JsonObject } from '../../../../untrusted-data/json-object.js';
import type { Target } from '../../../graph/builder.js';
import { type MapValue, multiply } from '../../../graph/value.js';
import { type KerasCall, type LayerHandler, passOn, refuseLayer, soleInput } from '../layer-handler.js';

/** Keras's names of functions that take no settings. */
const PLAIN: Readonly<Record<string, Activation>> = {
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  swish: 'swish',
  silu: 'swish',
  tanh: 'tanh',
  selu: 'selu',
  softplus: 'softplus',
  softsign: 'softsign',
  mish: 'mish',
  exponential: 'exponential',
  exp: 'exponential',
  hard_swish: 'hardSwish',
  hard_silu: 'hardSwish',
};

/** Slopes and the like where a configuration leaves them out. */
const LEAKY_LAYER_SLOPE = 0.3;
const LEAKY_FUNCTION_SLOPE = 0.2;
/** `hard_sigmoid` of Keras 1 and 2 and of TensorFlow.js; Keras 3 has x ÷ 6 + ½. */
const OLD_HARD_SIGMOID = [0.2, 0.5];
/** Slopes that are repeated along some axes. */
const MAX_SPREAD = 2 ** 22;
/** The ends of single precision: a clip on one side only. */
const LARGEST = 3.4028234663852886e38;
/** A factor that makes a step of any difference between two values of ordinary size. */
const STEEP = 2 ** 64;

/** An activation by its name, with settings that a layer or an operation has. */
export function applyFunction(
  call: KerasCall,
  value: MapValue,
  name: string,
  settings: JsonObject,
  target: Target,
): MapValue {
  const { graph } = call;
  const { builder } = graph;
  const number = (keys: readonly string[], fallback: number) => readSetting(call, settings, keys, fallback);
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (plain !== undefined) return builder.activate(value, plain, target);
  const sole = { ...target, readers: 1, dims: value.dims };
  switch (name) {
    case 'linear':
      return passOn(value, target);
    case 'softmax':
    case 'log_softmax': {
      requireRow(call, value, settings.axis ?? -1);
      return name === 'softmax' ? builder.softmax(value, target) : builder.logSoftmax(value, target);
    }
    case 'hard_sigmoid':
      return builder.activate(value, 'hardSigmoid', target, graph.writer === 'keras3' ? undefined : OLD_HARD_SIGMOID);
    case 'elu':
    case 'celu': {
      const alpha = number(['alpha'], 1);
      if (name === 'celu' && alpha !== 1) break;
      return builder.activate(value, 'elu', target, [alpha]);
    }
    case 'leaky_relu':
      return builder.activate(value, 'leakyRelu', target, [number(['negative_slope', 'alpha'], LEAKY_FUNCTION_SLOPE)]);
    case 'gelu':
      return builder.activate(value, settings.approximate === true ? 'geluTanh' : 'gelu', target);
    case 'hard_tanh':
      return builder.clip(value, [-1, 1], target);
    case 'log_sigmoid': {
      // log sigmoid(x) = −softplus(−x)
      const negated = graph.affineAlike(value, -1, 0, sole);
      return graph.affineAlike(builder.activate(negated, 'softplus', sole), -1, 0, target);
    }
  }
  throw refuseLayer(call, `has the activation ${quoted(name)}, which is not supported`);
}

/** What an `activation` setting says: a name, a function, or a layer of its own. */
export function applyActivation(call: KerasCall, value: MapValue, activation: unknown, target: Target): MapValue {
  if (activation === undefined || activation === null) return passOn(value, target);
  if (typeof activation === 'string') return applyFunction(call, value, baseName(activation), {}, target);
  if (isJsonObject(activation) && typeof activation.class_name === 'string') {
    const { class_name: className, config } = activation;
    if (className === 'function' && typeof config === 'string') {
      return applyFunction(call, value, baseName(config), {}, target);
    }
    const apply = Object.hasOwn(LAYERS, className) ? LAYERS[className] : undefined;
    if (apply !== undefined) return apply(call, value, isJsonObject(config) ? config : {}, target);
    throw refuseLayer(call, `has the activation ${quoted(className)}, which is not supported`);
  }
  throw refuseLayer(call, 'has an activation that cannot be read');
}

/** `tf.nn.relu6` and `keras.activations.relu` are the functions of that name; `package>relu6` is the author's own. */
function baseName(name: string): string {
  return name
    .replace(/^Keras>/, '')
    .split('.')
    .at(-1)!;
}

type Apply = (call: KerasCall, value: MapValue, config: JsonObject, target: Target) => MapValue;

/** Layers that are an activation, also in the place of a function. */
const LAYERS: Readonly<Record<string, Apply>> = {
  ReLU: applyRelu,
  LeakyReLU: (call, value, config, target) => {
    const slope = readSetting(call, config, ['negative_slope', 'alpha'], LEAKY_LAYER_SLOPE);
    return call.graph.builder.activate(value, 'leakyRelu', target, [slope]);
  },
  ELU: (call, value, config, target) => applyFunction(call, value, 'elu', config, target),
  Softmax: (call, value, config, target) => applyFunction(call, value, 'softmax', config, target),
  ThresholdedReLU: (call, value, config, target) => {
    return applyThreshold(
      call,
      value,
      { threshold: readSetting(call, config, ['theta'], 1), slope: 0, keeps: false },
      target,
    );
  },
};

export const activation: LayerHandler = (call) => {
  return applyActivation(call, soleInput(call), call.layer.config.activation, call.target);
};

export const activationLayer: LayerHandler = (call) => {
  return LAYERS[call.layer.className]!(call, soleInput(call), call.layer.config, call.target);
};

export const activationLayers: readonly string[] = Object.keys(LAYERS);

/** A slope for each channel, or for each value where axes are not shared. */
export const prelu: LayerHandler = (call) => {
  const value = soleInput(call);
  const { graph, layer, target } = call;
  const alpha = graph.constant(layer, 'alpha');
  const slopes = alpha.read();
  const extents = value.dims.slice(1);
  if (alpha.dims.length !== extents.length || alpha.dims.some((size, axis) => size !== 1 && size !== extents[axis])) {
    throw graph.builder.damaged(`${quoted(alpha.name)} of ${alpha.dims.join('×')} over ${extents.join('×')} values`);
  }
  const isShared = alpha.dims.slice(0, -1).every((size) => size === 1) && alpha.dims.at(-1) === extents.at(-1);
  if (isShared) return graph.builder.prelu(value, Array.from(slopes), target);
  if (multiply(extents) > MAX_SPREAD) throw refuseLayer(call, 'shares its slopes among very many values');
  return graph.builder.prelu(value, spread(slopes, alpha.dims, extents), target);
};

/** An array with extents of 1 repeated along those axes. */
function spread(values: ArrayLike<number>, dims: readonly number[], extents: readonly number[]): number[] {
  return Array.from({ length: multiply(extents) }, (_, place) => {
    let from = 0;
    let rest = place;
    let step = multiply(dims);
    let block = multiply(extents);
    for (const [axis, extent] of extents.entries()) {
      block /= extent;
      step /= dims[axis]!;
      if (dims[axis] !== 1) from += Math.floor(rest / block) * step;
      rest %= block;
    }
    return values[from]!;
  });
}

/** `max_value` from there on, x from `threshold` on, below it `negative_slope` × (x − threshold). */
function applyRelu(call: KerasCall, value: MapValue, config: JsonObject, target: Target): MapValue {
  const { builder } = call.graph;
  const slope = readSetting(call, config, ['negative_slope'], 0);
  const threshold = readSetting(call, config, ['threshold'], 0);
  const most =
    config.max_value === null ? Number.POSITIVE_INFINITY : readSetting(call, config, ['max_value'], Infinity);
  const sole = { ...target, readers: 1 };
  if (most < 0) throw refuseLayer(call, `has the max_value ${most}, expected a positive one`);
  if (threshold !== 0) {
    const made = applyThreshold(call, value, { threshold, slope, keeps: true }, most === Infinity ? target : sole);
    return most === Infinity ? made : builder.clip(made, [-LARGEST, most], target);
  }
  if (slope !== 0) {
    if (most === Infinity) return builder.activate(value, 'leakyRelu', target, [slope]);
    return builder.clip(builder.activate(value, 'leakyRelu', sole, [slope]), [-LARGEST, most], target);
  }
  if (most === Infinity) return builder.activate(value, 'relu', target);
  if (most === 6) return builder.activate(value, 'relu6', target);
  return builder.clip(value, [0, most], target);
}

interface Threshold {
  readonly threshold: number;
  readonly slope: number;
  /** Whether x is kept where it is the threshold itself. */
  readonly keeps: boolean;
}

/** x above the threshold, slope × (x − threshold) below it: two lines, with a step between them. */
function applyThreshold(
  call: KerasCall,
  source: MapValue,
  { threshold, slope, keeps }: Threshold,
  target: Target,
): MapValue {
  const { graph } = call;
  const { builder } = graph;
  const readers = slope === 0 ? 2 : 3;
  const value = { ...source, readers: source.readers - 1 + readers };
  const sole = { ...target, readers: 1 };
  const above = graph.affineAlike(value, STEEP, keeps ? 1 - STEEP * threshold : -STEEP * threshold, sole);
  const step = builder.activate(above, 'hardSigmoid', sole, [1, 0]);
  if (slope === 0) return builder.combine('multiply', value, step, target);
  const difference = graph.affineAlike(value, 1 - slope, slope * threshold, sole);
  const jump = builder.combine('multiply', difference, step, sole);
  return builder.add(graph.affineAlike(value, slope, -slope * threshold, sole), jump, target);
}

/** One of the numbers that a configuration states under several names; arrays of one number too. */
function readSetting(call: KerasCall, config: JsonObject, keys: readonly string[], fallback: number): number {
  const key = keys.find((each) => config[each] !== undefined && config[each] !== null);
  if (key === undefined) return fallback;
  const value: unknown = config[key];
  const wrapped = isJsonObject(value)
    ? (value.value ?? (isJsonObject(value.config) ? value.config.value : value))
    : value;
  if (typeof wrapped !== 'number' || !Number.isFinite(wrapped)) {
    throw refuseLayer(call, `has a ${key} that is no number`);
  }
  return wrapped;
}

function requireRow(call: KerasCall, value: MapValue, axis: unknown): void {
  const axes: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  const isLast = axes.length === 1 && (axes[0] === -1 || axes[0] === value.dims.length - 1);
  if (!isLast || value.dims.at(-1) !== multiply(value.dims)) {
    throw refuseLayer(call, `is a softmax over ${value.dims.join('×')}, expected one over a row of classes`);
  }
}
