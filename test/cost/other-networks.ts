/**
 * The layers of networks that the papers compare with, from their authors' tables: a row is the side of the output
 * map, the elements of the window, the input channels that one output sees, the output channels.
 */
export type LayerRow = readonly [side: number, window: number, inChannels: number, outChannels: number];

export interface OtherCost {
  readonly macs: number;
  /** Weights alone. */
  readonly weights: number;
  /** One for each output channel of each layer. */
  readonly biases: number;
}

export function countRows(rows: readonly LayerRow[]): OtherCost {
  const cost = { macs: 0, weights: 0, biases: 0 };
  for (const [side, window, inChannels, outChannels] of rows) {
    const weights = window * inChannels * outChannels;
    cost.macs += side * side * weights;
    cost.weights += weights;
    cost.biases += outChannels;
  }
  return cost;
}

/** Krizhevsky et al. 2012: convolutions 2, 4 and 5 see half of the channels each. */
export const alexnet: readonly LayerRow[] = [
  [55, 121, 3, 96],
  [27, 25, 48, 256],
  [13, 9, 256, 384],
  [13, 9, 192, 384],
  [13, 9, 192, 256],
  [1, 36, 256, 4096],
  [1, 1, 4096, 4096],
  [1, 1, 4096, 1000],
];

/** Simonyan and Zisserman 2014, configuration D. */
export const vgg16Convolutions: readonly LayerRow[] = [
  [224, 9, 3, 64],
  [224, 9, 64, 64],
  [112, 9, 64, 128],
  [112, 9, 128, 128],
  [56, 9, 128, 256],
  [56, 9, 256, 256],
  [56, 9, 256, 256],
  [28, 9, 256, 512],
  [28, 9, 512, 512],
  [28, 9, 512, 512],
  [14, 9, 512, 512],
  [14, 9, 512, 512],
  [14, 9, 512, 512],
];

export const vgg16: readonly LayerRow[] = [
  ...vgg16Convolutions,
  [1, 49, 512, 4096],
  [1, 1, 4096, 4096],
  [1, 1, 4096, 1000],
];

/** Iandola et al. 2016, the released model 1.0 at 227 pixels, whose last convolution is padded from 13 to 15. */
export const squeezenet: readonly LayerRow[] = [
  [111, 49, 3, 96],
  ...fire(55, 96, 16, 64),
  ...fire(55, 128, 16, 64),
  ...fire(55, 128, 32, 128),
  ...fire(27, 256, 32, 128),
  ...fire(27, 256, 48, 192),
  ...fire(27, 384, 48, 192),
  ...fire(27, 384, 64, 256),
  ...fire(13, 512, 64, 256),
  [15, 1, 512, 1000],
];

function fire(side: number, inputs: number, squeezed: number, expanded: number): LayerRow[] {
  return [
    [side, 1, inputs, squeezed],
    [side, 1, squeezed, expanded],
    [side, 9, squeezed, expanded],
  ];
}

/** Szegedy et al. 2014, table 1, without the two side heads that only train it. */
export const googlenet: readonly LayerRow[] = [
  [112, 49, 3, 64],
  [56, 1, 64, 64],
  [56, 9, 64, 192],
  ...inception(28, 192, 64, 96, 128, 16, 32, 32),
  ...inception(28, 256, 128, 128, 192, 32, 96, 64),
  ...inception(14, 480, 192, 96, 208, 16, 48, 64),
  ...inception(14, 512, 160, 112, 224, 24, 64, 64),
  ...inception(14, 512, 128, 128, 256, 24, 64, 64),
  ...inception(14, 512, 112, 144, 288, 32, 64, 64),
  ...inception(14, 528, 256, 160, 320, 32, 128, 128),
  ...inception(7, 832, 256, 160, 320, 32, 128, 128),
  ...inception(7, 832, 384, 192, 384, 48, 128, 128),
  [1, 1, 1024, 1000],
];

function inception(
  side: number,
  inputs: number,
  one: number,
  threeReduced: number,
  three: number,
  fiveReduced: number,
  five: number,
  pooled: number,
): LayerRow[] {
  return [
    [side, 1, inputs, one],
    [side, 1, inputs, threeReduced],
    [side, 9, threeReduced, three],
    [side, 1, inputs, fiveReduced],
    [side, 25, fiveReduced, five],
    [side, 1, inputs, pooled],
  ];
}
