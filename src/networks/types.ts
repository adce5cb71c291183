/** A feature map of one picture, stored height × width × channels (NHWC with N = 1). */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Rows and columns of zeros added around a map. */
export interface Pads {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** swish(x) = x · sigmoid(x) */
export type Activation = 'linear' | 'relu' | 'relu6' | 'swish' | 'sigmoid';

/** `same` is settled by the card's padding convention in `resolve`; an imported graph states its four numbers. */
export type LayerPadding = 'same' | 'valid' | Pads;

export const paddingConventions = ['tensorflow', 'pytorch', 'keras'] as const;

/**
 * How `same` is meant. `tensorflow`: output = ceil(input / stride), the odd row goes to the bottom and right.
 * `pytorch`: floor(kernelSize / 2) on each side. `keras`: as TensorFlow, but a depthwise window of stride 2 has
 * kernelSize − 2 rows at the bottom and right whatever the size, as in Keras's MobileNet v1; odd sizes differ.
 */
export type PaddingConvention = (typeof paddingConventions)[number];

/** The name by which layers refer to the picture itself. */
export const NETWORK_INPUT = 'input';

interface LayerBase {
  /** Unique in its network; the Keras reference's name where there is one. */
  readonly name: string;
  /** The layers (or `NETWORK_INPUT`) whose outputs this one reads. */
  readonly inputs: readonly string[];
  /** Outputs are clipped to [minimum, maximum] after the activation: what a quantised checkpoint could represent. */
  readonly range?: readonly [number, number];
}

/** Scale and offset after a linear operation: a batch norm, a bias, or neither; never both. */
interface LinearBase extends LayerBase {
  readonly batchNorm: boolean;
  readonly bias: boolean;
  readonly activation: Activation;
}

/** Standard convolution, kernelSize × kernelSize, weights [kernelSize, kernelSize, inChannels, outChannels]. */
export interface ConvLayer extends LinearBase {
  readonly kind: 'conv';
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: LayerPadding;
}

/** One filter per channel (depth multiplier 1), weights [kernelSize, kernelSize, channels]. */
export interface DepthwiseLayer extends LinearBase {
  readonly kind: 'depthwise';
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: LayerPadding;
}

/** 1×1 convolution, weights [inChannels, outChannels]; stride 2 takes every second row and column. */
export interface PointwiseLayer extends LinearBase {
  readonly kind: 'pointwise';
  readonly outChannels: number;
  readonly stride: number;
}

/** Fully connected on a 1×1 map, weights [inChannels, outChannels]. */
export interface DenseLayer extends LinearBase {
  readonly kind: 'dense';
  readonly outChannels: number;
}

/** Sum of two maps of one shape (residual link). */
export interface AddLayer extends LayerBase {
  readonly kind: 'add';
}

/** Each channel of inputs[0] times the matching value of the 1×1 map inputs[1] (squeeze-and-excitation). */
export interface ScaleLayer extends LayerBase {
  readonly kind: 'scale';
}

export interface ActivationLayer extends LayerBase {
  readonly kind: 'activation';
  readonly activation: Activation;
}

/** Padding never wins the maximum. */
export interface MaxPoolLayer extends LayerBase {
  readonly kind: 'maxPool';
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: LayerPadding;
}

/** Mean over height and width: a 1×1 map. */
export interface GlobalAveragePoolLayer extends LayerBase {
  readonly kind: 'globalAveragePool';
}

export interface SoftmaxLayer extends LayerBase {
  readonly kind: 'softmax';
}

export type Layer =
  | ConvLayer
  | DepthwiseLayer
  | PointwiseLayer
  | DenseLayer
  | AddLayer
  | ScaleLayer
  | ActivationLayer
  | MaxPoolLayer
  | GlobalAveragePoolLayer
  | SoftmaxLayer;

export type LayerKind = Layer['kind'];

/** Layers in an order in which each one's inputs come before it; the last is the output. */
export interface Network {
  /** `mobilenet_v1`, `xception`, …; an imported graph that is none of them carries its own name. */
  readonly id: string;
  /** Width multiplier; 1 where the network has none. */
  readonly alpha: number;
  readonly classes: number;
  readonly inputChannels: number;
  readonly layers: readonly Layer[];
}

/** `weights` and `bias` are trained; of a batch norm `gamma` and `beta` are trained, `mean` and `variance` observed. */
export type ParameterName = 'weights' | 'bias' | 'gamma' | 'beta' | 'mean' | 'variance';

export interface Parameter {
  readonly name: ParameterName;
  readonly shape: readonly number[];
}

/** A layer with everything that follows from the input's size. */
export type ResolvedLayer = Layer & {
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  /** All zero for layers without a window. */
  readonly pads: Pads;
  readonly parameters: readonly Parameter[];
};

export interface ResolvedNetwork {
  readonly id: string;
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
  readonly padding: PaddingConvention;
  readonly inputShape: Shape;
  readonly layers: readonly ResolvedLayer[];
}
