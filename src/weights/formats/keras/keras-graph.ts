import { quoted } from '../../../errors/printable.js';
import { NETWORK_INPUT } from '../../../networks/types.js';
import { GraphBuilder, type Target } from '../../graph/builder.js';
import { finishModel } from '../../graph/finish.js';
import type { ImportedModel } from '../../graph/imported-model.js';
import { type MapValue, mapOf } from '../../graph/value.js';
import type { KerasDescription } from '../../keras-description.js';
import { CallOrder, type Step } from './call-order.js';
import { readInputDims } from './input-size.js';
import { MAX_ARGUMENT_DEPTH, TensorRef } from './layer-calls.js';
import { LayerContext } from './layer-context.js';
import { ComputedTensor, refusal } from './layer-handler.js';
import { matchWeights } from './layer-weights.js';
import { handlerOf } from './layers/index.js';
import { isStack } from './layers/operations.js';
import { type KerasModel, readModelConfig } from './model-config.js';

export interface KerasOptions {
  /** Side of the picture where the model leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
}

/** Layers of models that are used again and again count each time. */
const MAX_CALLS = 20_000;
/** Weights as f32 beyond twice the file's: layers that are used several times have them several times. */
const MAX_SHARED_BYTES = 2 ** 28;
const SPARE_WEIGHT_BYTES = 2 ** 22;

/**
 * A Keras model whose description lies beside its weights (HDF5, `.keras`, a TensorFlow.js layers-model) as a network of
 * this project's layers. Batch norms are folded with their own epsilon, padding is as each layer states it.
 * @throws ModelError `operator-unsupported` with the layer's class and name, `weights-damaged`, `weights-mismatch`
 */
export function importKeras(description: KerasDescription, where: string, options: KerasOptions = {}): ImportedModel {
  const { config, kerasVersion, weights } = description;
  let bytes = 0;
  for (const { data } of weights.tensors.values()) bytes += 4 * data.length;
  const builder = new GraphBuilder(where, 2 * bytes + Math.min(6 * bytes, MAX_SHARED_BYTES) + SPARE_WEIGHT_BYTES);
  const model = readModelConfig(config, where);
  refuseUnknownLayers(model, where);
  if (model.inputs.length > 1 || model.outputs.length > 1) {
    const [many, what] = model.inputs.length > 1 ? [model.inputs, 'input'] : [model.outputs, 'output'];
    throw refusal(
      where,
      `a model with ${many.length} ${what}s, ${many.map(({ layer }) => quoted(layer)).join(', ')}`,
      `save a model with one: keras.Model(model.${what === 'input' ? 'inputs[0]' : 'input'}, model.outputs[0])`,
    );
  }
  const dims = readInputDims(model, options.resolution);
  const shape = dims?.length === 4 && dims.every((size) => Number.isInteger(size) && size > 0) && mapOf(dims, 'HWC');
  if (!shape) {
    const found = dims === undefined ? 'unknown size' : dims.slice(1).join('×');
    throw builder.unsupported(`an input of ${found}, expected height×width×channels`);
  }
  builder.checkSize(shape, 'the input');
  const context = new LayerContext(builder, matchWeights(model, weights, where), kerasVersion);
  const picture: MapValue = {
    ...{ kind: 'map', layer: NETWORK_INPUT, shape, dims, order: 'HWC', pads: undefined, readers: 1 },
  };
  const [output] = new KerasGraph(context).run(model, [picture], [1]);
  if (output!.dims.length === 3) throw builder.unsupported('a single channel as the output, expected classes');
  // An input of bytes is one whatever the model does with it.
  const inputRange = takesBytes(model) ? BYTE_RANGE : undefined;
  return finishModel('tfjs', builder, shape, output!, { quantised: false, inputRange });
}

const BYTE_RANGE = { mean: [0], std: [1 / 255], origin: 'metadata' } as const;

function takesBytes({ layers, inputs }: KerasModel): boolean {
  const first = layers.find(({ name }) => name === inputs[0]?.layer);
  return first?.className === 'InputLayer' && first.config.dtype === 'uint8';
}

/** Before the weights are looked at: what is left over of an unknown layer would hide what is wrong. */
function refuseUnknownLayers(model: KerasModel, where: string): void {
  for (const layer of model.layers) {
    if (layer.model !== undefined) refuseUnknownLayers(layer.model, where);
    else if (layer.className !== 'InputLayer') handlerOf(layer, where);
  }
}

/** Makes layers of a model's calls, models within models too. */
class KerasGraph {
  readonly #context: LayerContext;
  readonly #orders = new Map<KerasModel, CallOrder>();
  #callsLeft = MAX_CALLS;

  constructor(context: LayerContext) {
    this.#context = context;
  }

  /**
   * What a model makes of its inputs.
   * @param readers how many read each output
   */
  run(model: KerasModel, inputs: readonly MapValue[], readers: readonly number[]): readonly MapValue[] {
    if (inputs.length !== model.inputs.length) {
      const { length } = model.inputs;
      throw this.#damaged(`the model ${quoted(model.name)} with ${inputs.length} inputs, expected ${length}`);
    }
    const order = this.#orders.get(model) ?? new CallOrder(model, this.#context.builder.where);
    this.#orders.set(model, order);
    const use = new ModelUse(order, model, readers);
    for (const [index, ref] of model.inputs.entries()) this.#giveInput(use, ref, inputs[index]!);
    for (const step of order.steps) {
      const given = step.call.tensors.map((ref) => {
        const value = use.value(ref);
        if (value === undefined) {
          throw this.#damaged(`layer ${quoted(step.layer.name)} reads ${quoted(ref.layer)}, which gives nothing`);
        }
        return value;
      });
      this.#call(use, step, given);
    }
    return model.outputs.map((ref) => {
      const value = use.value(ref);
      if (value === undefined) throw this.#damaged(`no layer ${quoted(ref.layer)}, expected the output`);
      return value;
    });
  }

  #giveInput(use: ModelUse, ref: TensorRef, value: MapValue): void {
    const layer = use.order.layer(ref.layer);
    if (layer?.className === 'InputLayer') {
      const key = use.order.keyOf(ref);
      use.define(key, { ...value, readers: value.readers - 1 + use.readersOf(key) });
    } else if (layer === undefined || layer.calls.length > 0) {
      throw this.#damaged(`no input layer ${quoted(ref.layer)}`);
    } else {
      // A sequential model that begins with a layer which computes.
      const input = new TensorRef(layer.name);
      this.#call(use, { layer, index: 0, call: { args: [input], kwargs: {}, tensors: [input] } }, [value]);
    }
  }

  #call(use: ModelUse, { layer, index, call }: Step, inputs: readonly MapValue[]): void {
    const { builder } = this.#context;
    if (--this.#callsLeft < 0) throw builder.unsupported(`more than ${MAX_CALLS} layers`);
    const keyOf = (tensor: number) => new TensorRef(layer.name, index, tensor).key;
    if (layer.model !== undefined) {
      const readers = layer.model.outputs.map((_, tensor) => use.readersOf(keyOf(tensor)));
      const outputs = this.run(layer.model, inputs, readers);
      for (const [tensor, value] of outputs.entries()) use.define(keyOf(tensor), value);
      return;
    }
    const [first] = inputs;
    if (first === undefined) throw this.#damaged(`layer ${quoted(layer.name)} reads nothing`);
    // Tensors without channels are single channels of a map, on their way to be put together again.
    if (inputs.some(({ dims }) => dims.length === 3) && !isStack(layer)) {
      throw refusal(
        builder.where,
        `layer ${quoted(layer.name)} reads a single channel, expected a map or a row of values`,
      );
    }
    const target: Target = { name: layer.name, readers: use.readersOf(keyOf(0)), dims: first.dims, order: 'HWC' };
    const computed = new Map(call.tensors.map((ref, place) => [ref, new ComputedTensor(inputs[place]!)]));
    const args = call.args.map((value) => withComputed(value, computed));
    const kwargs = Object.fromEntries(
      Object.entries(call.kwargs).map(([name, value]) => [name, withComputed(value, computed)]),
    );
    const handler = handlerOf(layer, builder.where);
    use.define(keyOf(0), handler({ graph: this.#context, layer, inputs, args, kwargs, target }));
  }

  #damaged(problem: string) {
    return this.#context.builder.damaged(problem);
  }
}

/** What the tensors of a model stand for in one use of it. */
class ModelUse {
  readonly order: CallOrder;
  readonly #values = new Map<string, MapValue>();
  /** Readers outside of the model. */
  readonly #outer = new Map<string, number>();

  constructor(order: CallOrder, { outputs }: KerasModel, readers: readonly number[]) {
    this.order = order;
    for (const [index, ref] of outputs.entries()) {
      const key = order.keyOf(ref);
      this.#outer.set(key, (this.#outer.get(key) ?? 0) + (readers[index] ?? 0));
    }
  }

  readersOf(key: string): number {
    return this.order.readersOf(key) + (this.#outer.get(key) ?? 0);
  }

  define(key: string, value: MapValue): void {
    this.#values.set(key, value);
  }

  value(ref: TensorRef): MapValue | undefined {
    return this.#values.get(this.order.keyOf(ref));
  }
}

/** Arguments with what the references in them stand for; those lie in lists of lists at most. */
function withComputed(value: unknown, computed: ReadonlyMap<TensorRef, ComputedTensor>, depth = 0): unknown {
  if (value instanceof TensorRef) return computed.get(value);
  if (!Array.isArray(value) || depth > MAX_ARGUMENT_DEPTH) return value;
  return value.map((each) => withComputed(each, computed, depth + 1));
}
