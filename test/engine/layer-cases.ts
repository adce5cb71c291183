import { type Layer, NETWORK_INPUT, type Network } from '../../src/networks/types.js';

export const RESOLUTION = 13;

export const linear = { batchNorm: true, bias: false, activation: 'relu6' } as const;
export const plain = { batchNorm: false, bias: true, activation: 'linear' } as const;
export const pads = (top: number, bottom: number, left: number, right: number) => ({ top, bottom, left, right });

/** A map of so many channels to work on, made of the picture. */
export const stem = (channels: number, name = 'stem'): Layer => {
  return {
    kind: 'conv',
    name,
    inputs: [NETWORK_INPUT],
    ...plain,
    outChannels: channels,
    kernelSize: 1,
    stride: 1,
    padding: 'valid',
  };
};
/** Everything of the last map is looked at. */
const flat = (input: string): Layer => ({ kind: 'flatten', name: 'flat', inputs: [input], order: 'HWC' });

export function networkOf(inputChannels: number, layers: readonly Layer[]): Network {
  return { id: 'layers', alpha: 1, classes: 1, inputChannels, layers: [...layers, flat(layers.at(-1)!.name)] };
}

type Draft = Layer extends infer L ? (L extends Layer ? Omit<L, 'name' | 'inputs'> : never) : never;

/** Each layer on a map of 8, 12 and 5 channels, and on the picture itself: of 3 channels, and of 1. */
export const unary: readonly (readonly [string, Draft])[] = [
  ['conv 3×3', { kind: 'conv', ...linear, outChannels: 16, kernelSize: 3, stride: 1, padding: 'same' }],
  ['conv 3×3 stride 2', { kind: 'conv', ...linear, outChannels: 11, kernelSize: 3, stride: 2, padding: 'same' }],
  [
    'conv 7×7 stride 2',
    { kind: 'conv', ...plain, outChannels: 9, kernelSize: 7, stride: 2, padding: pads(3, 3, 3, 3) },
  ],
  ['conv 1×5', { kind: 'conv', ...linear, outChannels: 7, kernelSize: 1, kernelWidth: 5, stride: 1, padding: 'same' }],
  [
    'conv 5×2 strides 3, 1',
    {
      kind: 'conv',
      ...plain,
      outChannels: 8,
      kernelSize: 5,
      kernelWidth: 2,
      stride: 3,
      strideWidth: 1,
      padding: 'valid',
    },
  ],
  [
    'conv dilation 2',
    { kind: 'conv', ...linear, outChannels: 10, kernelSize: 3, stride: 1, dilation: 2, padding: 'same' },
  ],
  [
    'conv dilation 3, 1',
    {
      kind: 'conv',
      ...plain,
      outChannels: 4,
      kernelSize: 3,
      stride: 2,
      dilation: 3,
      dilationWidth: 1,
      padding: pads(1, 4, 0, 2),
    },
  ],
  [
    'conv dilation 1, 2',
    { kind: 'conv', ...plain, outChannels: 4, kernelSize: 3, stride: 1, dilationWidth: 2, padding: pads(6, 0, 5, 0) },
  ],
  [
    'conv of the whole map',
    { kind: 'conv', ...plain, outChannels: 20, kernelSize: RESOLUTION, stride: 1, padding: 'valid' },
  ],
  ['conv far outside', { kind: 'conv', ...plain, outChannels: 3, kernelSize: 2, stride: 5, padding: pads(7, 0, 9, 1) }],
  ['pointwise', { kind: 'pointwise', ...linear, outChannels: 13, stride: 1 }],
  ['pointwise stride 2', { kind: 'pointwise', ...linear, outChannels: 24, stride: 2 }],
  ['pointwise stride 3', { kind: 'pointwise', ...plain, outChannels: 5, stride: 3 }],
  ['depthwise 3×3', { kind: 'depthwise', ...linear, kernelSize: 3, stride: 1, padding: 'same' }],
  ['depthwise 5×5 stride 2', { kind: 'depthwise', ...linear, kernelSize: 5, stride: 2, padding: 'same' }],
  ['depthwise 3×5', { kind: 'depthwise', ...plain, kernelSize: 3, kernelWidth: 5, stride: 1, padding: 'same' }],
  [
    'depthwise 5×3 strides 1, 2',
    {
      kind: 'depthwise',
      ...plain,
      kernelSize: 5,
      kernelWidth: 3,
      stride: 1,
      strideWidth: 2,
      padding: pads(2, 1, 0, 3),
    },
  ],
  [
    'depthwise 3×3 strides 2, 1',
    { kind: 'depthwise', ...plain, kernelSize: 3, stride: 2, strideWidth: 1, padding: 'same' },
  ],
  ['depthwise dilation 2', { kind: 'depthwise', ...linear, kernelSize: 3, stride: 1, dilation: 2, padding: 'same' }],
  [
    'depthwise dilation 1, 4',
    { kind: 'depthwise', ...plain, kernelSize: 3, stride: 2, dilation: 1, dilationWidth: 4, padding: pads(4, 1, 6, 2) },
  ],
  [
    'depthwise multiplier 2',
    { kind: 'depthwise', ...linear, kernelSize: 3, stride: 1, multiplier: 2, padding: 'same' },
  ],
  [
    'depthwise multiplier 3, dilation 2',
    { kind: 'depthwise', ...plain, kernelSize: 3, stride: 1, multiplier: 3, dilation: 2, padding: 'valid' },
  ],
  ['maxPool', { kind: 'maxPool', kernelSize: 3, stride: 2, padding: 'same' }],
  [
    'maxPool 2×3 strides 1, 2',
    { kind: 'maxPool', kernelSize: 2, kernelWidth: 3, stride: 1, strideWidth: 2, padding: pads(1, 0, 1, 1) },
  ],
  [
    'averagePool with padding',
    { kind: 'averagePool', kernelSize: 3, stride: 2, padding: pads(1, 1, 1, 1), countsPadding: true },
  ],
  [
    'averagePool without padding',
    { kind: 'averagePool', kernelSize: 3, stride: 2, padding: 'same', countsPadding: false, range: [-0.1, 0.1] },
  ],
  [
    'averagePool 2×4 strides 2, 3',
    {
      kind: 'averagePool',
      kernelSize: 2,
      kernelWidth: 4,
      stride: 2,
      strideWidth: 3,
      padding: pads(0, 1, 2, 0),
      countsPadding: false,
    },
  ],
  ['globalMaxPool', { kind: 'globalMaxPool' }],
  ['globalAveragePool', { kind: 'globalAveragePool' }],
  ['prelu', { kind: 'prelu' }],
  ['prelu of each pixel', { kind: 'prelu', perPixel: true }],
  ['pad', { kind: 'pad', pads: pads(1, 2, 3, 0), value: -0.75 }],
  ['crop', { kind: 'crop', pads: pads(1, 2, 3, 0), range: [-0.5, 0.5] }],
  ['flatten HWC', { kind: 'flatten', order: 'HWC' }],
  ['flatten CHW', { kind: 'flatten', order: 'CHW' }],
  ...(['nearest', 'bilinear'] as const).flatMap((method) =>
    (['halfPixel', 'asymmetric', 'alignCorners'] as const).flatMap((coordinates) =>
      (
        [
          [26, 20],
          [7, 5],
          [1, 3],
          [13, 13],
          [31, 8],
        ] as const
      ).map(
        ([height, width]) =>
          [
            `resize to ${height}×${width}, ${method} ${coordinates}`,
            { kind: 'resize', height, width, method, coordinates },
          ] as const,
      ),
    ),
  ),
];
