import { type Activation, NETWORK_INPUT } from '../../../networks/types.js';
import { isJsonObject } from '../../../untrusted-data/json-object.js';
import { renameKeras } from '../../families/keras.js';
import { GraphBuilder, type Target } from '../../graph/builder.js';
import { finishModel } from '../../graph/finish.js';
import type { ImportedModel } from '../../graph/imported-model.js';
import { type ConstantValue, type MapValue, mapOf, NO_PADS } from '../../graph/value.js';
import { toFloat32 } from '../../half.js';
import type { NamedTensors, Tensor } from '../../types.js';
import { readInputDims, readPads, readPair, readWindow } from './layer-windows.js';
import { isModelClass, type KerasLayer, type KerasTopology, quote, readTopology } from './model-config.js';

/** A model within a model within a model is the most that transfer learning makes. */
const MAX_DEPTH = 3;

/** Layers that do nothing once a network is trained. */
const IDLE = new Set([
  'Dropout',
  'SpatialDropout2D',
  'GaussianNoise',
  'GaussianDropout',
  'ActivityRegularization',
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomContrast',
]);

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  swish: 'swish',
  silu: 'swish',
};

/**
 * A Keras model whose description lies beside its weights (a TensorFlow.js layers-model, HDF5) as a network of this
 * project's layers: any that are made of the operations that MobileNet, Xception and their like need. Batch norms are
 * folded with their own epsilon, padding is as each layer states it.
 * @param topology the file's `model_config`
 * @throws ModelError `operator-unsupported` with the layer's class, `weights-damaged`, `weights-missing`
 */
export function importKeras(topology: unknown, tensors: NamedTensors, where: string): ImportedModel {
  let bytes = 0;
  for (const { data } of tensors.values()) bytes += 4 * data.length;
  const builder = new GraphBuilder(where, 2 * bytes + 2 ** 20);
  const model = readTopology(topology, where);
  const dims = readInputDims(model) ?? [];
  const shape = mapOf(dims, 'HWC');
  if (!shape || dims.length !== 4) {
    throw builder.unsupported(`an input of ${dims.join('×') || 'unknown size'}, expected height×width×channels`);
  }
  builder.checkSize(shape, 'the input');
  const importer = new KerasImporter(builder, tensors);
  const picture: MapValue = {
    ...{ kind: 'map', layer: NETWORK_INPUT, shape, dims, order: 'HWC', pads: undefined, readers: 1 },
  };
  const output = importer.run(model, picture, 1, 0);
  return finishModel('tfjs', builder, shape, output, { quantised: false });
}

class KerasImporter {
  readonly #builder: GraphBuilder;
  readonly #tensors = new Map<string, Tensor>();

  constructor(builder: GraphBuilder, tensors: NamedTensors) {
    this.#builder = builder;
    for (const [source, tensor] of tensors) {
      const name = renameKeras(source);
      if (name === undefined) continue;
      // Made again in one session, layers have a number behind their name in the weights alone.
      const plain = name.replace(/_\d+\/(?=\w+$)/, '/');
      if (!this.#tensors.has(plain)) this.#tensors.set(plain, tensor);
      this.#tensors.set(name, tensor);
    }
  }

  /** @param readers how many read the output */
  run(model: KerasTopology, picture: MapValue, readers: number, depth: number): MapValue {
    const builder = this.#builder;
    if (depth > MAX_DEPTH) throw builder.unsupported(`models ${depth} deep, expected at most ${MAX_DEPTH}`);
    const counts = new Map<string, number>([[model.output, readers]]);
    for (const { inputs } of model.layers) for (const name of inputs) counts.set(name, (counts.get(name) ?? 0) + 1);
    const values = new Map<string, MapValue>();
    for (const [index, layer] of model.layers.entries()) {
      const count = counts.get(layer.name) ?? 0;
      if (layer.className === 'InputLayer') {
        values.set(layer.name, { ...picture, readers: count });
        continue;
      }
      const inputs = layer.inputs.map((name) => {
        const value = values.get(name);
        if (!value) throw builder.damaged(`layer ${quote(layer.name)} reads ${quote(name)}, expected an earlier one`);
        return value;
      });
      if (inputs.length === 0 && index === 0) inputs.push(picture);
      if (inputs.length === 0) throw builder.damaged(`layer ${quote(layer.name)} reads nothing, expected a layer`);
      values.set(layer.name, this.#import(layer, inputs, count, depth));
    }
    const output = values.get(model.output);
    if (!output) throw builder.damaged(`no layer ${quote(model.output)}, expected the output`);
    return output;
  }

  #import(layer: KerasLayer, inputs: readonly MapValue[], readers: number, depth: number): MapValue {
    const { className, name, config } = layer;
    const builder = this.#builder;
    const [value, other] = inputs as [MapValue, MapValue | undefined];
    if (isModelClass(className)) {
      const inner = readTopology({ class_name: className, config }, builder.where);
      return this.run(inner, value, readers, depth + 1);
    }
    if (IDLE.has(className)) return { ...value, readers: value.readers - 1 + readers };
    const isMerge = className === 'Add' || className === 'Multiply';
    if (inputs.length !== (isMerge ? 2 : 1))
      throw builder.unsupported(`${className} ${quote(name)} of ${inputs.length} inputs`);
    if (config.data_format !== undefined && config.data_format !== 'channels_last') {
      throw builder.unsupported(`${className} ${quote(name)} with channels first, expected channels last`);
    }
    const target: Target = { name, readers, dims: value.dims, order: 'HWC' };
    switch (className) {
      case 'Conv2D':
      case 'Convolution2D':
      case 'DepthwiseConv2D':
      case 'SeparableConv2D':
      case 'Dense':
        return this.#linear(layer, value, target);
      case 'BatchNormalization':
        return this.#batchNorm(layer, value, target);
      case 'ReLU': {
        const { max_value: most, negative_slope: slope, threshold } = config;
        if (slope || threshold || !(most === undefined || most === null || most === 6)) {
          throw builder.unsupported(`ReLU ${quote(name)} to ${most}, expected 6 or no limit`);
        }
        return builder.activate(value, most === 6 ? 'relu6' : 'relu', target);
      }
      case 'Activation':
        return this.#activate(value, config.activation, target);
      case 'Softmax':
        return builder.softmax(value, target);
      case 'ZeroPadding2D': {
        if (value.pads !== undefined) throw builder.unsupported(`ZeroPadding2D ${quote(name)} after another one`);
        return { ...value, pads: readPads(builder, layer), readers: value.readers - 1 + readers };
      }
      case 'MaxPooling2D':
        return this.#shaped(builder.maxPool(value, readWindow(builder, layer, value, config.pool_size), target));
      case 'AveragePooling2D': {
        const [rows, columns] = readPair(config.pool_size) ?? [];
        if (rows !== value.shape.height || columns !== value.shape.width) {
          throw builder.unsupported(`AveragePooling2D ${quote(name)} over a part of the map, expected all of it`);
        }
        return this.#shaped(builder.globalAveragePool(value, target));
      }
      case 'GlobalAveragePooling2D': {
        const pooled = builder.globalAveragePool(value, target);
        return { ...pooled, dims: config.keepdims ? [1, 1, 1, pooled.shape.channels] : [1, pooled.shape.channels] };
      }
      case 'Flatten':
      case 'Reshape':
        return this.#flatten(layer, value, readers);
      case 'Add':
        return builder.add(value, other!, target);
      case 'Multiply': {
        const [map, factors] = value.shape.height >= other!.shape.height ? [value, other!] : [other!, value];
        return builder.scale(map, factors, { ...target, dims: map.dims });
      }
      case 'Rescaling': {
        const { scale, offset = 0 } = config;
        if (typeof scale !== 'number' || typeof offset !== 'number') {
          throw builder.unsupported(`Rescaling ${quote(name)} by channel, expected one number`);
        }
        const all = (factor: number) => new Array<number>(value.shape.channels).fill(factor);
        return builder.affine(value, all(scale), all(offset), target);
      }
      default:
        throw builder.unsupported(
          `layer ${quote(name)} of class ${quote(className)}, expected convolutions, pooling, dense layers and the like`,
        );
    }
  }

  #linear(layer: KerasLayer, value: MapValue, target: Target): MapValue {
    const { className, name, config } = layer;
    const builder = this.#builder;
    for (const [key, only] of [
      ['groups', 1],
      ['depth_multiplier', 1],
    ] as const) {
      const stated = config[key];
      if (stated !== undefined && stated !== null && stated !== only) {
        throw builder.unsupported(`${className} ${quote(name)} with ${key} ${stated}, expected ${only}`);
      }
    }
    const dilation = readPair(config.dilation_rate ?? 1);
    if (dilation?.[0] !== 1 || dilation[1] !== 1) {
      throw builder.unsupported(`${className} ${quote(name)} with dilation, expected none`);
    }
    const bias = config.use_bias === false ? undefined : this.#tensors.get(`${name}/bias`);
    if (config.use_bias !== false && !bias) throw this.#missing(`${name}/bias`);
    const sole: Target = { ...target, readers: 1 };
    let made: MapValue;
    if (className === 'Dense') {
      const kernel = this.#constant(name, ['kernel'], 2);
      const [, units] = kernel.dims as [number, number];
      if (kernel.dims[0] !== value.shape.height * value.shape.width * value.shape.channels) {
        throw builder.unsupported(
          `Dense ${quote(name)} over ${value.dims.join('×')}, expected ${kernel.dims[0]} values`,
        );
      }
      made = builder.dense(value, kernel, { input: units, output: 1 }, units, { ...sole, dims: [1, units] });
    } else if (className === 'SeparableConv2D') {
      const between = this.#depthwise(layer, value, { ...sole, name: `${name}_depthwise` });
      made = this.#conv(layer, between, { ...sole, name: `${name}_pointwise` }, ['pointwise_kernel'], 1);
    } else if (className === 'DepthwiseConv2D') {
      made = this.#depthwise(layer, value, sole);
    } else {
      made = this.#conv(layer, value, sole, ['kernel']);
    }
    if (bias) {
      if (bias.data.length !== made.shape.channels) {
        throw builder.damaged(`${bias.data.length} biases of ${quote(name)}, expected ${made.shape.channels}`);
      }
      const ones = new Array<number>(made.shape.channels).fill(1);
      made = builder.affine(made, ones, [...toFloat32(bias.data)], { ...sole, dims: made.dims });
    }
    return this.#activate({ ...made, readers: 1 }, config.activation, { ...target, dims: made.dims });
  }

  #conv(layer: KerasLayer, value: MapValue, target: Target, names: readonly string[], only?: number): MapValue {
    const kernel = this.#constant(layer.name, names, 4);
    const [rows, columns, inner, outer] = kernel.dims as [number, number, number, number];
    if (inner !== value.shape.channels) {
      throw this.#builder.damaged(
        `${kernel.name} of ${kernel.dims.join('×')}, expected ${value.shape.channels} channels in`,
      );
    }
    const window =
      only === undefined
        ? readWindow(this.#builder, layer, value, [rows, columns])
        : { kernelSize: 1, stride: 1, pads: NO_PADS };
    const layout = { shape: kernel.dims, strides: [columns * inner * outer, inner * outer, outer, 1] };
    return this.#shaped(this.#builder.conv(value, kernel, layout, outer, window, target));
  }

  #depthwise(layer: KerasLayer, value: MapValue, target: Target): MapValue {
    const kernel = this.#constant(layer.name, ['depthwise_kernel', 'kernel'], 4);
    const [rows, columns, channels, multiplier] = kernel.dims as [number, number, number, number];
    if (multiplier !== 1 || channels !== value.shape.channels) {
      throw this.#builder.damaged(
        `${kernel.name} of ${kernel.dims.join('×')}, expected ${value.shape.channels} filters`,
      );
    }
    const layout = { shape: [rows, columns, channels], strides: [columns * channels, channels, 1] };
    const window = readWindow(this.#builder, layer, value, [rows, columns]);
    return this.#shaped(this.#builder.depthwise(value, kernel, layout, window, target));
  }

  #batchNorm({ name, config }: KerasLayer, value: MapValue, target: Target): MapValue {
    const { channels } = value.shape;
    const axis = Array.isArray(config.axis) ? config.axis[0] : (config.axis ?? -1);
    if (axis !== -1 && axis !== value.dims.length - 1) {
      throw this.#builder.unsupported(`BatchNormalization ${quote(name)} over axis ${axis}, expected the channels`);
    }
    const read = (parameter: string, fallback?: number): Float32Array => {
      const tensor = this.#tensors.get(`${name}/${parameter}`);
      if (!tensor && fallback !== undefined) return new Float32Array(channels).fill(fallback);
      if (!tensor) throw this.#missing(`${name}/${parameter}`);
      if (tensor.data.length !== channels) {
        throw this.#builder.damaged(`${quote(`${name}/${parameter}`)} of ${tensor.data.length}, expected ${channels}`);
      }
      return toFloat32(tensor.data);
    };
    const gamma = read('gamma', config.scale === false ? 1 : undefined);
    const beta = read('beta', config.center === false ? 0 : undefined);
    const mean = read('moving_mean');
    const variance = read('moving_variance');
    const epsilon = typeof config.epsilon === 'number' ? config.epsilon : 1e-3;
    const scale = Array.from(gamma, (factor, c) => factor / Math.sqrt(variance[c]! + epsilon));
    const offset = Array.from(beta, (base, c) => base - mean[c]! * scale[c]!);
    return this.#builder.affine(value, scale, offset, target);
  }

  #activate(value: MapValue, activation: unknown, target: Target): MapValue {
    const named = isJsonObject(activation) ? (activation.class_name ?? activation.name) : (activation ?? 'linear');
    if (named === 'softmax') return this.#builder.softmax(value, target);
    const known = typeof named === 'string' && Object.hasOwn(ACTIVATIONS, named) ? ACTIVATIONS[named] : undefined;
    if (known === undefined) {
      throw this.#builder.unsupported(
        `activation ${quote(String(named))} of ${quote(target.name)}, expected softmax, ${Object.keys(ACTIVATIONS).join(', ')}`,
      );
    }
    if (known === 'linear') return { ...value, dims: target.dims, readers: value.readers - 1 + target.readers };
    return this.#builder.activate(value, known, target);
  }

  /** All values in a row, or a row of values as a 1 × 1 map. */
  #flatten({ className, name, config }: KerasLayer, value: MapValue, readers: number): MapValue {
    const { height, width, channels } = value.shape;
    const count = height * width * channels;
    const wanted = className === 'Flatten' ? [count] : config.target_shape;
    const isRow =
      Array.isArray(wanted) &&
      wanted.every((size) => size === 1 || size === -1 || size === count) &&
      (wanted.at(-1) === count || wanted.at(-1) === -1 || wanted.length === 1);
    if (!isRow || value.pads !== undefined) {
      throw this.#builder.unsupported(
        `${className} ${quote(name)} of ${value.dims.join('×')}, expected all values in a row`,
      );
    }
    return {
      ...value,
      dims: [1, ...wanted.map((size) => (size === -1 ? count : size))],
      readers: value.readers - 1 + readers,
    };
  }

  #constant(layer: string, names: readonly string[], rank: number): ConstantValue {
    for (const each of names) {
      const tensor = this.#tensors.get(`${layer}/${each}`);
      if (!tensor) continue;
      if (tensor.shape.length !== rank) {
        throw this.#builder.damaged(
          `${quote(`${layer}/${each}`)} of ${tensor.shape.join('×')}, expected ${rank} dimensions`,
        );
      }
      const read = () => toFloat32(tensor.data);
      return { kind: 'constant', dims: tensor.shape, read, stored: undefined, name: `${layer}/${each}` };
    }
    throw this.#missing(`${layer}/${names[0]}`);
  }

  #missing(name: string) {
    return this.#builder.damaged(`no tensor ${quote(name)}, expected one for the layer`);
  }

  /** With the dimensions of a map. */
  #shaped(value: MapValue): MapValue {
    const { height, width, channels } = value.shape;
    return { ...value, dims: [1, height, width, channels] };
  }
}
