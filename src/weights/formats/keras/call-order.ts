import { quoted } from '../../../errors/printable.js';
import { sortByDependencies } from '../../graph/dependencies.js';
import { type LayerCall, TensorRef } from './layer-calls.js';
import { refusal } from './layer-handler.js';
import type { KerasLayer, KerasModel } from './model-config.js';

/** One call of a layer. */
export interface Step {
  readonly layer: KerasLayer;
  /** Which call of the layer. */
  readonly index: number;
  readonly call: LayerCall;
}

/** A model's calls in the order in which they can be made; the same however often the model is used. */
export class CallOrder {
  readonly steps: readonly Step[];
  readonly #layers: ReadonlyMap<string, KerasLayer>;
  /** How many calls and outputs read each tensor. */
  readonly #readers = new Map<string, number>();

  constructor(model: KerasModel, where: string) {
    this.#layers = new Map(model.layers.map((layer) => [layer.name, layer]));
    for (const { calls } of model.layers) {
      for (const { tensors } of calls) {
        for (const ref of tensors) this.#readers.set(this.keyOf(ref), this.readersOf(this.keyOf(ref)) + 1);
      }
    }
    this.steps = this.#sort(model, where);
  }

  layer(name: string): KerasLayer | undefined {
    return this.#layers.get(name);
  }

  /** What tells a tensor apart from all others of the model. */
  keyOf({ layer, call, tensor }: TensorRef): string {
    return new TensorRef(layer, call - (this.#layers.get(layer)?.firstCall ?? 0), tensor).key;
  }

  /** How many calls of the model read a tensor. */
  readersOf(key: string): number {
    return this.#readers.get(key) ?? 0;
  }

  #sort(model: KerasModel, where: string): readonly Step[] {
    const steps = new Map<string, Step>();
    for (const layer of model.layers) {
      for (const [index, call] of layer.calls.entries()) {
        steps.set(new TensorRef(layer.name, index).key, { layer, index, call });
      }
    }
    const stepOf = ({ layer, call }: TensorRef) => steps.get(this.keyOf(new TensorRef(layer, call)));
    const readBy = ({ call }: Step) => call.tensors.map(stepOf).filter((step) => step !== undefined);
    return sortByDependencies(steps.values(), readBy, ({ layer }) =>
      refusal(where, `layer ${quoted(layer.name)} reads what is made of its own output`),
    );
  }
}
