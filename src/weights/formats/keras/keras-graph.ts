import { quoted } from '../../../errors/printable.js';
import { NETWORK_INPUT } from '../../../networks/types.js';
import { GraphBuilder, type Target } from '../../graph/builder.js';
import { sortByDependencies } from '../../graph/dependencies.js';
import { finishModel } from '../../graph/finish.js';
import type { ImportedModel } from '../../graph/imported-model.js';
import { type MapValue, mapOf } from '../../graph/value.js';
import type { KerasDescription } from '../../keras-description.js';
import { readInputDims } from './input-size.js';
import { type LayerCall, TensorRef } from './layer-calls.js';
import { LayerContext } from './layer-context.js';
import { ComputedTensor, type KerasCall, refusal } from './layer-handler.js';
import { matchWeights } from './layer-weights.js';
import { handlerOf } from './layers/index.js';
import { type KerasLayer, type KerasModel, readModelConfig } from './model-config.js';

export interface KerasOptions {
  /** Side of the picture where the model leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
}

/** Layers of models that are used again and again count each time. */
const MAX_CALLS = 20_000;
/** Weights as f32, in shares of the file's: layers that are used several times have them several times. */
const MAX_SHARING = 8;
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
  const builder = new GraphBuilder(where, MAX_SHARING * bytes + SPARE_WEIGHT_BYTES);
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
  const shape = dims && mapOf(dims, 'HWC');
  if (!shape || dims.length !== 4) {
    const found = dims === undefined ? 'unknown size' : dims.slice(1).join('×');
    throw builder.unsupported(`an input of ${found}, expected height×width×channels`);
  }
  builder.checkSize(shape, 'the input');
  const context = new LayerContext(builder, matchWeights(model, weights, where), kerasVersion);
  const picture: MapValue = {
    ...{ kind: 'map', layer: NETWORK_INPUT, shape, dims, order: 'HWC', pads: undefined, readers: 1 },
  };
  const [output] = new KerasGraph(context).run(model, [picture], [1]);
  return finishModel('tfjs', builder, shape, output!, { quantised: false });
}

/** Before the weights are looked at: what is left over of an unknown layer would hide what is wrong. */
function refuseUnknownLayers(model: KerasModel, where: string): void {
  for (const layer of model.layers) {
    if (layer.model !== undefined) refuseUnknownLayers(layer.model, where);
    else if (layer.className !== 'InputLayer') handlerOf(layer, where);
  }
}

interface Step {
  readonly layer: KerasLayer;
  readonly index: number;
  readonly call: LayerCall;
}

/** Makes layers of a model's calls, models within models too. */
class KerasGraph {
  readonly #context: LayerContext;
  #callsLeft = MAX_CALLS;

  constructor(context: LayerContext) {
    this.#context = context;
  }

  /**
   * What a model makes of its inputs.
   * @param readers how many read each output
   */
  run(model: KerasModel, inputs: readonly MapValue[], readers: readonly number[]): readonly MapValue[] {
    const { where } = this.#context.builder;
    if (inputs.length !== model.inputs.length) {
      const { length } = model.inputs;
      throw this.#context.builder.damaged(
        `the model ${quoted(model.name)} with ${inputs.length} inputs, expected ${length}`,
      );
    }
    const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
    const keyOf = (ref: TensorRef) =>
      new TensorRef(ref.layer, ref.call - (byName.get(ref.layer)?.firstCall ?? 0), ref.tensor).key;
    const counts = countReaders(model, readers, keyOf);
    const values = new Map<string, MapValue>();
    for (const [index, ref] of model.inputs.entries()) {
      const value = inputs[index]!;
      const layer = byName.get(ref.layer);
      if (layer?.className === 'InputLayer') {
        values.set(keyOf(ref), { ...value, readers: value.readers - 1 + (counts.get(keyOf(ref)) ?? 0) });
      } else if (layer === undefined || layer.calls.length > 0) {
        throw this.#context.builder.damaged(`no input layer ${quoted(ref.layer)}`);
      } else {
        // A sequential model that begins with a layer which computes.
        this.#apply({ layer, index: 0, call: FIRST_CALL }, [value], counts, values);
      }
    }
    for (const step of sortCalls(model, keyOf, where)) {
      const given = step.call.tensors.map((ref) => {
        const value = values.get(keyOf(ref));
        if (value === undefined) {
          throw this.#context.builder.damaged(
            `layer ${quoted(step.layer.name)} reads ${quoted(ref.layer)}, which gives nothing`,
          );
        }
        return value;
      });
      this.#apply(step, given, counts, values);
    }
    return model.outputs.map((ref) => {
      const value = values.get(keyOf(ref));
      if (value === undefined)
        throw this.#context.builder.damaged(`no layer ${quoted(ref.layer)}, expected the output`);
      return value;
    });
  }

  #apply(
    { layer, index, call }: Step,
    inputs: readonly MapValue[],
    counts: ReadonlyMap<string, number>,
    values: Map<string, MapValue>,
  ): void {
    if (--this.#callsLeft < 0) throw this.#context.builder.unsupported(`more than ${MAX_CALLS} layers`);
    const keyOf = (tensor: number) => new TensorRef(layer.name, index, tensor).key;
    const readersOf = (tensor: number) => counts.get(keyOf(tensor)) ?? 0;
    if (layer.model !== undefined) {
      const outputs = this.run(
        layer.model,
        inputs,
        layer.model.outputs.map((_, tensor) => readersOf(tensor)),
      );
      for (const [tensor, value] of outputs.entries()) values.set(keyOf(tensor), value);
      return;
    }
    const [first] = inputs;
    if (first === undefined) throw this.#context.builder.damaged(`layer ${quoted(layer.name)} reads nothing`);
    const target: Target = { name: layer.name, readers: readersOf(0), dims: first.dims, order: 'HWC' };
    const computed = new Map(call.tensors.map((ref, place) => [ref, new ComputedTensor(inputs[place]!)]));
    const args = call === FIRST_CALL ? [new ComputedTensor(first)] : withComputed(call.args, computed);
    const kwargs = Object.fromEntries(
      Object.entries(call.kwargs).map(([name, value]) => [name, withComputed(value, computed)]),
    );
    const made: KerasCall = { graph: this.#context, layer, inputs, args: args as readonly unknown[], kwargs, target };
    values.set(keyOf(0), handlerOf(layer, this.#context.builder.where)(made));
  }
}

const FIRST_CALL: LayerCall = { args: [], kwargs: {}, tensors: [] };

/** How many calls and outputs read each tensor of a model. */
function countReaders(
  model: KerasModel,
  readers: readonly number[],
  keyOf: (ref: TensorRef) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (ref: TensorRef, times: number) => counts.set(keyOf(ref), (counts.get(keyOf(ref)) ?? 0) + times);
  for (const [index, ref] of model.outputs.entries()) count(ref, readers[index] ?? 0);
  for (const { calls } of model.layers) for (const { tensors } of calls) for (const ref of tensors) count(ref, 1);
  return counts;
}

/** All calls of a model's layers, each after those whose tensors it reads. */
function sortCalls(model: KerasModel, keyOf: (ref: TensorRef) => string, where: string): readonly Step[] {
  const steps = new Map<string, Step>();
  for (const layer of model.layers) {
    for (const [index, call] of layer.calls.entries()) {
      steps.set(new TensorRef(layer.name, index).key, { layer, index, call });
    }
  }
  const stepOf = (ref: TensorRef) => steps.get(keyOf(new TensorRef(ref.layer, ref.call)));
  const readBy = ({ call }: Step) => call.tensors.map(stepOf).filter((step) => step !== undefined);
  return sortByDependencies(steps.values(), readBy, ({ layer }) =>
    refusal(where, `layer ${quoted(layer.name)} reads what is made of its own output`),
  );
}

/** Arguments with what the references in them stand for. */
function withComputed(value: unknown, computed: ReadonlyMap<TensorRef, ComputedTensor>): unknown {
  if (value instanceof TensorRef) return computed.get(value);
  return Array.isArray(value) ? value.map((each) => withComputed(each, computed)) : value;
}
