import type { NamedTensors } from './types.js';

/** A file's floating-point arrays, and what it says of where they belong. */
export interface StoredWeights {
  /** By their paths in the file, in its order. */
  readonly tensors: NamedTensors;
  /**
   * `groups`: a group of the file for each layer of the outermost model (`.h5`). `places`: a path of containers and
   * classes to each layer (`.keras`). `names`: one list of names for the whole model (TensorFlow.js).
   */
  readonly layout: 'groups' | 'places' | 'names';
  /** Texts at objects of the file: `GROUP@name`, `GROUP@weight_names`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A Keras model as its author described it, and its weights in the places where the file has them. */
export interface KerasDescription {
  /** `{ class_name, config }`; unchecked. */
  readonly config: unknown;
  /** Of the Keras that wrote the file, `2.15.0`; some activations differ between versions. */
  readonly kerasVersion: string | undefined;
  readonly weights: StoredWeights;
}
