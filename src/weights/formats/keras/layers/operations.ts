import { isJsonObject } from '../../../../untrusted-data/json-object.js';
import { type Arithmetic, affineFrom, affineOf } from '../../../graph/arithmetic.js';
import type { MapValue } from '../../../graph/value.js';
import {
  forChannels,
  type KerasCall,
  type LayerHandler,
  passOn,
  readNumbers,
  refuseLayer,
  showSetting,
} from '../layer-handler.js';
import type { KerasLayer } from '../model-config.js';
import { applyFunction } from './activations.js';
import { reverseChannels, stackChannels, takeItem } from './channel-order.js';
import { concat, merge } from './merging.js';
import { type Operation, tensorOf } from './operation.js';
import { pooledDims } from './pooling.js';
import { reshapeTo, resizeTo } from './shapes.js';

type OperationHandler = (operation: Operation) => MapValue;

/** The ends of single precision: a clip on one side only. */
const LARGEST = 3.4028234663852886e38;

const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  ...{ add: 'Add', add_v2: 'Add', bias_add: 'Add' },
  ...{ subtract: 'Sub', sub: 'Sub' },
  ...{ multiply: 'Mul', mul: 'Mul' },
  ...{ divide: 'Div', true_divide: 'Div', truediv: 'Div', real_div: 'Div', div: 'Div' },
};
const MERGES = { Add: 'add', Sub: 'subtract', Mul: 'multiply' } as const;

/** Functions of one tensor whose settings are those of the activation of that name. */
const FUNCTIONS = new Set([
  ...[
    'relu',
    'relu6',
    'sigmoid',
    'tanh',
    'silu',
    'swish',
    'elu',
    'selu',
    'celu',
    'softplus',
    'softsign',
    'mish',
    'exp',
  ],
  ...['leaky_relu', 'gelu', 'hard_sigmoid', 'hard_silu', 'hard_swish', 'hard_tanh', 'log_sigmoid', 'softmax'],
  'log_softmax',
]);

const HANDLERS: Readonly<Record<string, OperationHandler>> = {
  ...Object.fromEntries(Object.keys(ARITHMETIC).map((name) => [name, computeArithmetic])),
  ...Object.fromEntries([...FUNCTIONS].map((name) => [name, computeFunction])),
  negative: negate,
  neg: negate,
  square: ({ call, operands }) => {
    const value = tensorOf(operands[0]) ?? call.inputs[0]!;
    return merge(call, 'multiply', { ...value, readers: value.readers + 1 }, value, call.target);
  },
  identity: pass,
  stop_gradient: pass,
  ensure_shape: pass,
  cast: (operation) => {
    const { call, settings, operands } = operation;
    const type = settings.dtype ?? settings.DstT ?? operands[1] ?? 'float32';
    if (typeof type !== 'string' || !/float|DT_HALF/i.test(type)) {
      throw refuseLayer(call, `casts to ${showSetting(type)}, expected floats`);
    }
    return pass(operation);
  },
  maximum: (operation) => limit(operation, 'maximum'),
  minimum: (operation) => limit(operation, 'minimum'),
  clip: clip,
  clip_by_value: clip,
  mean: pool,
  reduce_mean: pool,
  max: pool,
  amax: pool,
  reduce_max: pool,
  concat: join,
  concatenate: join,
  reshape: ({ call, settings, operands }) => {
    const shape = settings.shape ?? settings.newshape ?? operands[1];
    if (!Array.isArray(shape)) throw refuseLayer(call, 'has a shape that is computed');
    return reshapeTo(call, call.inputs[0]!, shape.slice(1));
  },
  resize: resizeImage,
  getitem: takeItem,
  get_item: takeItem,
  stack: stackChannels,
  reverse: reverseChannels,
  flip: reverseChannels,
};

/** Whether a layer of a model is an operation, and not a layer that has the same name. */
export function isOperation({ className, module }: KerasLayer): boolean {
  return /\bops\b/.test(module) || ['TFOpLambda', 'SlicingOpLambda', 'TensorFlowOpLayer'].includes(className);
}

/** Whether a layer puts tensors without channels together. */
export function isStack(layer: KerasLayer): boolean {
  return isOperation(layer) && operationName(layer) === 'stack';
}

/** The handler of an operation; undefined for one that is not known. */
export function operationHandler(layer: KerasLayer): LayerHandler | undefined {
  const name = operationName(layer);
  const handler = Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
  return handler && ((call) => handler(describe(call, name)));
}

/** The name that an operation has in messages. */
export function operationName({ className, config }: KerasLayer): string {
  const node = config.node_def;
  const stated = config.function ?? (isJsonObject(node) ? node.op : undefined);
  const name = typeof stated === 'string' ? stated.split('.').at(-1)! : className;
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

function describe(call: KerasCall, name: string): Operation {
  const { config } = call.layer;
  const [first] = call.args;
  // Keras 2 makes one list of several tensors.
  const given = call.args.length === 1 && Array.isArray(first) && !JOINS.has(name) ? (first as unknown[]) : call.args;
  const named = ['y', 'x2', 'bias', 'b']
    .map((key) => call.kwargs[key])
    .find((value) => value !== undefined && value !== null);
  const operands = given.length === 1 && named !== undefined ? [given[0], named] : given;
  return { call, name, operands: withConstants(operands, config.constants), settings: { ...config, ...call.kwargs } };
}

const JOINS = new Set(['concat', 'concatenate', 'stack']);

/** TensorFlowOpLayer keeps constants apart, by their places. */
function withConstants(operands: readonly unknown[], constants: unknown): readonly unknown[] {
  if (!isJsonObject(constants)) return operands;
  const all: unknown[] = [...operands];
  for (const [place, value] of Object.entries(constants)) {
    if (/^\d$/.test(place)) all.splice(Number(place), 0, value);
  }
  return all;
}

function pass({ call }: Operation): MapValue {
  return passOn(call.inputs[0]!, call.target);
}

function negate({ call }: Operation): MapValue {
  return call.graph.affineAlike(call.inputs[0]!, -1, 0, call.target);
}

function computeArithmetic(operation: Operation): MapValue {
  const { call, name, operands } = operation;
  const how = ARITHMETIC[name]!;
  if (operands.length < 2) throw refuseLayer(call, `has ${operands.length} operand, expected two`);
  const [a, b] = [tensorOf(operands[0]), tensorOf(operands[1])];
  if (a !== undefined && b !== undefined) {
    if (how === 'Div') throw refuseLayer(call, 'divides by a tensor, expected a constant');
    return merge(call, MERGES[how], a, b, call.target);
  }
  const value = (a ?? b)!;
  const numbers = forChannels(call, value, readNumbers(operands[a === undefined ? 0 : 1]));
  if (a === undefined && how === 'Div') throw refuseLayer(call, 'divides a constant by a tensor');
  const { scale, offset } = a === undefined && how !== 'Div' ? affineFrom(how, numbers) : affineOf(how, numbers);
  return call.graph.affine(value, scale, offset, call.target);
}

function computeFunction({ call, name, settings }: Operation): MapValue {
  const value = call.inputs[0]!;
  // The operation of Keras 3 approximates unless it is told otherwise, the function of TensorFlow does not.
  const approximate = settings.approximate ?? (call.layer.className === 'Gelu' ? true : undefined);
  return applyFunction(call, value, name, { ...settings, approximate }, call.target);
}

/** The larger or smaller of two tensors, or of a tensor and a number. */
function limit({ call, operands }: Operation, how: 'maximum' | 'minimum'): MapValue {
  const [a, b] = [tensorOf(operands[0]), tensorOf(operands[1])];
  if (a !== undefined && b !== undefined) return merge(call, how, a, b, call.target);
  const value = (a ?? b)!;
  const [bound, ...others] = readNumbers(operands[a === undefined ? 0 : 1]) ?? [];
  if (bound === undefined || others.length > 0) throw refuseLayer(call, 'has a limit that is not one number');
  return call.graph.builder.clip(value, how === 'maximum' ? [bound, LARGEST] : [-LARGEST, bound], call.target);
}

function clip({ call, operands, settings }: Operation): MapValue {
  const [low] = readNumbers(settings.x_min ?? settings.clip_value_min ?? operands[1]) ?? [];
  const [high] = readNumbers(settings.x_max ?? settings.clip_value_max ?? operands[2]) ?? [];
  if (low === undefined || high === undefined) throw refuseLayer(call, 'has limits that are no numbers');
  return call.graph.builder.clip(call.inputs[0]!, [low, high], call.target);
}

/** A mean or a maximum over height and width. */
function pool({ call, name, settings, operands }: Operation): MapValue {
  const value = call.inputs[0]!;
  const stated = settings.axis ?? settings.axes ?? operands[1];
  const axes = (Array.isArray(stated) ? (stated as unknown[]) : [stated]).map((axis) =>
    typeof axis === 'number' && axis < 0 ? axis + value.dims.length : axis,
  );
  if (value.dims.length !== 4 || axes.length !== 2 || !axes.includes(1) || !axes.includes(2)) {
    throw refuseLayer(call, `works over the axes ${showSetting(stated)}, expected height and width (1, 2)`);
  }
  const target = { ...call.target, dims: pooledDims(value.shape.channels, settings.keepdims ?? settings.keep_dims) };
  const { builder } = call.graph;
  return /mean/.test(name) ? builder.globalAveragePool(value, target) : builder.globalMaxPool(value, target);
}

function join({ call, settings, operands }: Operation): MapValue {
  return concat(call, call.inputs, settings.axis ?? operands[1] ?? -1);
}

function resizeImage({ call, settings, operands }: Operation): MapValue {
  const size: unknown = settings.size ?? operands[1];
  const [height, width]: readonly unknown[] = Array.isArray(size) ? size : [];
  const isPlain = !settings.antialias && !settings.preserve_aspect_ratio && !settings.crop_to_aspect_ratio;
  const value = call.inputs[0]!;
  if (!Number.isInteger(height) || !Number.isInteger(width) || !isPlain || value.dims.length !== 4) {
    throw refuseLayer(call, 'resizes in another way than to a stated height and width');
  }
  const method = settings.method ?? settings.interpolation ?? 'bilinear';
  return resizeTo(call, value, height as number, width as number, method);
}
