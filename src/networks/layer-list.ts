import {
  type Activation,
  type ConvLayer,
  type DenseLayer,
  type DepthwiseLayer,
  type Layer,
  type LayerPadding,
  NETWORK_INPUT,
  type PointwiseLayer,
} from './types.js';

interface LinearOptions {
  readonly input?: string;
  readonly stride?: number;
  readonly activation?: Activation;
  /** True by default: the networks put a batch norm after every convolution. */
  readonly batchNorm?: boolean;
  readonly bias?: boolean;
  readonly padding?: LayerPadding;
}

/**
 * Collects a network's layers in order. A layer reads the one before it unless `input` says otherwise;
 * every method returns the new layer's name.
 */
export class LayerList {
  readonly layers: Layer[] = [];
  /** The block of the paper that the next layers belong to. */
  block: string | undefined;

  /** Name of the newest layer, or of the network's input. */
  get last(): string {
    return this.layers.at(-1)?.name ?? NETWORK_INPUT;
  }

  conv(name: string, outChannels: number, kernelSize: number, options: LinearOptions = {}): string {
    const { stride = 1, padding = 'same' } = options;
    const layer: ConvLayer = { kind: 'conv', ...this.#linear(name, options), outChannels, kernelSize, stride, padding };
    return this.#push(layer);
  }

  depthwise(name: string, kernelSize: number, options: LinearOptions = {}): string {
    const { stride = 1, padding = 'same' } = options;
    const layer: DepthwiseLayer = { kind: 'depthwise', ...this.#linear(name, options), kernelSize, stride, padding };
    return this.#push(layer);
  }

  pointwise(name: string, outChannels: number, options: LinearOptions = {}): string {
    const { stride = 1 } = options;
    const layer: PointwiseLayer = { kind: 'pointwise', ...this.#linear(name, options), outChannels, stride };
    return this.#push(layer);
  }

  /** With a bias and without a batch norm. */
  dense(name: string, outChannels: number, options: LinearOptions = {}): string {
    const linear = this.#linear(name, { batchNorm: false, bias: true, ...options });
    const layer: DenseLayer = { kind: 'dense', ...linear, outChannels };
    return this.#push(layer);
  }

  add(name: string, shortcut: string, branch: string): string {
    return this.#push({ kind: 'add', name, inputs: [shortcut, branch] });
  }

  scale(name: string, map: string, factors: string): string {
    return this.#push({ kind: 'scale', name, inputs: [map, factors] });
  }

  activation(name: string, activation: Activation, input = this.last): string {
    return this.#push({ kind: 'activation', name, inputs: [input], activation });
  }

  maxPool(name: string, kernelSize: number, stride: number): string {
    return this.#push({ kind: 'maxPool', name, inputs: [this.last], kernelSize, stride, padding: 'same' });
  }

  globalAveragePool(name: string): string {
    return this.#push({ kind: 'globalAveragePool', name, inputs: [this.last] });
  }

  /** Of `classes` values: a softmax; a single one is the probability of a class by itself. */
  probabilities(classes: number): string {
    const inputs = [this.last];
    if (classes > 1) return this.#push({ kind: 'softmax', name: 'softmax', inputs });
    return this.#push({ kind: 'activation', name: 'sigmoid', inputs, activation: 'sigmoid' });
  }

  #linear(name: string, options: LinearOptions) {
    const { input = this.last, activation = 'linear', batchNorm = true, bias = false } = options;
    return { name, inputs: [input], batchNorm, bias, activation } as const;
  }

  #push(layer: Layer): string {
    // The block comes first: otherwise Node.js 20 makes a hidden class for each layer (see docs/measurements.md).
    this.layers.push(this.block === undefined ? layer : { block: this.block, ...layer });
    return layer.name;
  }
}
