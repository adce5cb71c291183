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

/**
 * swish(x) = x · sigmoid(x), hardSwish(x) = x · hardSigmoid(x); gelu is x · Φ(x) with the error function, geluTanh its
 * approximation with tanh (arXiv:1606.08415); mish(x) = x · tanh(softplus(x)); softsign(x) = x ÷ (1 + |x|).
 */
export const activations = [
  'linear',
  'relu',
  'relu6',
  'swish',
  'sigmoid',
  'tanh',
  'hardSwish',
  'hardSigmoid',
  'leakyRelu',
  'elu',
  'selu',
  'gelu',
  'geluTanh',
  'softplus',
  'softsign',
  'mish',
  'exponential',
] as const;

export type Activation = (typeof activations)[number];

/** An activation and the numbers that belong to it. */
export interface Activated {
  readonly activation: Activation;
  /**
   * leakyRelu: [slope], 0.01 by default; elu: [alpha], 1 by default; hardSigmoid: [slope, offset], 1/6 and 1/2 by default
   * (Keras 2 uses 0.2 and 0.5). None for the others.
   */
  readonly activationParameters?: readonly number[];
}

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
  /** The block of the paper that the layer belongs to. */
  readonly block?: string;
  /** The layers (or `NETWORK_INPUT`) whose outputs this one reads. */
  readonly inputs: readonly string[];
  /** Outputs are clipped to [minimum, maximum] after the activation: what a quantised checkpoint could represent. */
  readonly range?: readonly [number, number];
}

/** Scale and offset after a linear operation: a batch norm, a bias, or neither; never both. */
interface LinearBase extends LayerBase, Activated {
  readonly batchNorm: boolean;
  readonly bias: boolean;
}

/** A window that moves over the map; `windowOf` gives all of its numbers. */
interface Windowed {
  /** Rows of the window, and columns where `kernelWidth` does not say otherwise. */
  readonly kernelSize: number;
  readonly kernelWidth?: number;
  /** Rows from one window to the next, and columns where `strideWidth` does not say otherwise. */
  readonly stride: number;
  readonly strideWidth?: number;
  readonly padding: LayerPadding;
}

/** Rows (and columns, where `dilationWidth` does not say otherwise) from one tap of the window to the next; 1 by default. */
interface Dilated {
  readonly dilation?: number;
  readonly dilationWidth?: number;
}

/** Standard convolution, weights [kernelHeight, kernelWidth, inChannels / groups, outChannels]. */
export interface ConvLayer extends LinearBase, Windowed, Dilated {
  readonly kind: 'conv';
  readonly outChannels: number;
  /** Output channels of one group, neighbours, read the input channels of this group alone; 1 group by default. */
  readonly groups?: number;
}

/**
 * `multiplier` filters (1 by default) for each channel, weights [kernelHeight, kernelWidth, channels × multiplier]: output
 * channel c × multiplier + m is filter m of input channel c.
 */
export interface DepthwiseLayer extends LinearBase, Windowed, Dilated {
  readonly kind: 'depthwise';
  readonly multiplier?: number;
  /** A batch norm or a scale by itself, with a 1 × 1 window: it is counted as that, not as a convolution. */
  readonly isNorm?: boolean;
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

/** Element by element, inputs[0] first, of two maps of one shape. */
export interface CombineLayer extends LayerBase {
  readonly kind: 'multiply' | 'subtract' | 'maximum' | 'minimum';
}

/**
 * inputs[0] times inputs[1], which has one value for each channel (1 × 1 × C, squeeze-and-excitation), for each pixel
 * (H × W × 1) or for all (1 × 1 × 1).
 */
export interface ScaleLayer extends LayerBase {
  readonly kind: 'scale';
}

/** The channels of all inputs, one after the other. */
export interface ConcatLayer extends LayerBase {
  readonly kind: 'concat';
}

/** Channels `from` to `to` − 1. */
export interface SliceLayer extends LayerBase {
  readonly kind: 'slice';
  readonly from: number;
  readonly to: number;
}

export interface ActivationLayer extends LayerBase, Activated {
  readonly kind: 'activation';
}

/** x where x ≥ 0, else x times a weight: one for each channel [channels], or where `perPixel` [height, width, channels]. */
export interface PreluLayer extends LayerBase {
  readonly kind: 'prelu';
  readonly perPixel?: boolean;
}

/** Padding never wins the maximum. */
export interface MaxPoolLayer extends LayerBase, Windowed {
  readonly kind: 'maxPool';
}

/** Mean over the window: divided by its size where `countsPadding`, else by the number of its taps inside of the map. */
export interface AveragePoolLayer extends LayerBase, Windowed {
  readonly kind: 'averagePool';
  readonly countsPadding: boolean;
}

/** Mean over height and width: a 1×1 map. */
export interface GlobalAveragePoolLayer extends LayerBase {
  readonly kind: 'globalAveragePool';
}

/** Maximum over height and width: a 1×1 map. */
export interface GlobalMaxPoolLayer extends LayerBase {
  readonly kind: 'globalMaxPool';
}

/** `value` around the map. */
export interface PadLayer extends LayerBase {
  readonly kind: 'pad';
  readonly pads: Pads;
  readonly value: number;
}

/** The map without `pads` rows and columns at its edges. */
export interface CropLayer extends LayerBase {
  readonly kind: 'crop';
  readonly pads: Pads;
}

export const resizeMethods = ['nearest', 'bilinear'] as const;
export const resizeCoordinates = ['halfPixel', 'asymmetric', 'alignCorners'] as const;

/**
 * The map at another size. Output pixel i reads the input at (i + ½) · s − ½ (halfPixel) or i · s (asymmetric), where s =
 * input ÷ output, or at i · (input − 1) ÷ (output − 1) (alignCorners); never beyond an edge. `nearest` rounds down where
 * asymmetric, else to the nearest, halves up, all of it in single precision, as TensorFlow does.
 */
export interface ResizeLayer extends LayerBase {
  readonly kind: 'resize';
  readonly height: number;
  readonly width: number;
  readonly method: (typeof resizeMethods)[number];
  readonly coordinates: (typeof resizeCoordinates)[number];
}

export const flattenOrders = ['HWC', 'CHW'] as const;

/** A 1×1 map of all values: pixel by pixel (HWC) or channel by channel (CHW). */
export interface FlattenLayer extends LayerBase {
  readonly kind: 'flatten';
  readonly order: (typeof flattenOrders)[number];
}

/** Over the channels of a 1×1 map. */
export interface SoftmaxLayer extends LayerBase {
  readonly kind: 'softmax';
}

export type Layer =
  | ConvLayer
  | DepthwiseLayer
  | PointwiseLayer
  | DenseLayer
  | AddLayer
  | CombineLayer
  | ScaleLayer
  | ConcatLayer
  | SliceLayer
  | ActivationLayer
  | PreluLayer
  | MaxPoolLayer
  | AveragePoolLayer
  | GlobalAveragePoolLayer
  | GlobalMaxPoolLayer
  | PadLayer
  | CropLayer
  | ResizeLayer
  | FlattenLayer
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
  readonly inputs: readonly [string, ...string[]];
  /** Of `inputs`, in their order. */
  readonly inputShapes: readonly [Shape, ...Shape[]];
  readonly outputShape: Shape;
  /** Of a window, or the layer's own (pad, crop); else all zero. */
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
