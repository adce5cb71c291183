import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import type { Target } from '../../graph/builder.js';
import type { MapValue } from '../../graph/value.js';
import type { LayerContext } from './layer-context.js';
import type { KerasLayer } from './model-config.js';

/** A tensor among the arguments of a call. */
export class ComputedTensor {
  readonly value: MapValue;

  constructor(value: MapValue) {
    this.value = value;
  }
}

/** One use of a layer that is to become layers of this project. */
export interface KerasCall {
  readonly graph: LayerContext;
  readonly layer: KerasLayer;
  /** Every tensor among the arguments, at least one. */
  readonly inputs: readonly MapValue[];
  /** Arguments as the model states them, a `ComputedTensor` for each tensor. */
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** With the dimensions of the first input. */
  readonly target: Target;
}

export type LayerHandler = (call: KerasCall) => MapValue;

const SHOWN_ITEMS = 8;

/** A setting in a message: nothing is made of what is nested, which may be as deep as it likes. */
export function showSetting(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) {
    const items = value.slice(0, SHOWN_ITEMS).map((each) => (typeof each === 'object' ? '…' : showSetting(each)));
    return `[${items.join(', ')}${value.length > SHOWN_ITEMS ? ', …' : ''}]`;
  }
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const REMEDY = 'export the model to TFLite or ONNX, where it is made of simpler operations';

/** An error about what this project has no layers for. */
export function refusal(where: string, problem: string, remedy = REMEDY): ModelError {
  return new ModelError('operator-unsupported', { where, problem, remedy });
}

/** An error that names the layer's class and its name. */
export function refuseLayer({ graph, layer }: KerasCall, problem: string, remedy?: string): ModelError {
  return refusal(graph.builder.where, `the ${layer.className} layer ${quoted(layer.name)} ${problem}`, remedy);
}

/** The only tensor that a layer reads. */
export function soleInput(call: KerasCall): MapValue {
  const [value] = call.inputs;
  if (call.inputs.length !== 1) throw refuseLayer(call, `reads ${call.inputs.length} tensors, expected one`);
  return value!;
}

/** With the dimensions of the map that `value` is. */
export function asMap(value: MapValue): MapValue {
  const { height, width, channels } = value.shape;
  return { ...value, dims: [1, height, width, channels] };
}

/** The same values for another number of readers. */
export function passOn(value: MapValue, { readers, dims }: Pick<Target, 'readers' | 'dims'>): MapValue {
  return { ...value, dims, readers: value.readers - 1 + readers };
}

/** A map with height, width and channels; channels first are refused. */
export function mapInput(call: KerasCall): MapValue {
  const value = soleInput(call);
  const { data_format: format } = call.layer.config;
  if (format !== undefined && format !== null && format !== 'channels_last') {
    throw refuseLayer(call, `has data_format ${showSetting(format)}, expected channels_last`);
  }
  if (value.dims.length !== 4) {
    throw refuseLayer(call, `reads a tensor of ${value.dims.length} dimensions, expected 4`);
  }
  return value;
}

/** One whole number for both, or two. */
export function readPair(value: unknown): readonly [number, number] | undefined {
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const [first, second] = pair;
  if (pair.length !== 2 || !Number.isInteger(first) || !Number.isInteger(second)) return undefined;
  return [first as number, second as number];
}

const MAX_NUMBERS = 100_000;

/**
 * A number, or a list of them along the last axis; Keras 3 wraps arrays. Undefined for anything else, and for arrays with
 * more than one axis longer than 1 or another one than the last.
 */
export function readNumbers(value: unknown): readonly number[] | undefined {
  let inner = value;
  for (let depth = 0; depth < 8; depth++) {
    if (typeof inner === 'number') return [inner];
    const wrapped = inner as { readonly class_name?: unknown; readonly config?: { readonly value?: unknown } } | null;
    if (wrapped?.class_name === '__tensor__' || wrapped?.class_name === '__numpy__') {
      inner = wrapped.config?.value;
    } else if (!Array.isArray(inner)) {
      return undefined;
    } else if (inner.length !== 1) {
      const isList = inner.length <= MAX_NUMBERS && inner.every((each) => typeof each === 'number');
      return isList ? (inner as number[]) : undefined;
    } else {
      inner = inner[0] as unknown;
    }
  }
  return undefined;
}

/** Numbers as one for each channel of a tensor: all alike, or as many as its last axis has. */
export function forChannels(
  call: KerasCall,
  value: MapValue,
  numbers: readonly number[] | undefined,
): readonly number[] {
  if (numbers?.length === 1) return new Array<number>(value.shape.channels).fill(numbers[0]!);
  if (numbers !== undefined && numbers.length === value.dims.at(-1)) return numbers;
  const found = numbers === undefined ? 'values that are no list' : `${numbers.length} values`;
  throw refuseLayer(call, `has ${found}, expected one or as many as channels (${value.dims.at(-1)})`);
}
