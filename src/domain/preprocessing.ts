export const resizeFilters = ['pil-bilinear', 'pil-bicubic', 'tf1-bilinear', 'lanczos3', 'nearest'] as const;
/** How an image is scaled. `pil-*`: Pillow's antialiased 8-bit resampling; `tf1-bilinear`: TensorFlow 1, no antialias. */
export type ResizeFilter = (typeof resizeFilters)[number];

export const cropMethods = ['center', 'squash'] as const;
/** `center`: shorter side to `resize`, then the middle resolution × resolution; `squash`: straight to it. */
export type CropMethod = (typeof cropMethods)[number];

/**
 * What was done to the images that the weights were trained or measured on; a property of the weights,
 * never of the network.
 */
export interface Preprocessing {
  readonly crop: CropMethod;
  /** Length of the shorter side before a centre crop, in pixels. */
  readonly resize: number;
  /** Side of the network's square input, in pixels. */
  readonly resolution: number;
  readonly filter: ResizeFilter;
  /** value = (pixel / 255 − mean) / std for each of R, G, B, pixel in 0…255. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** The network takes one channel, the picture's luminance (ITU-R 601); `mean` and `std` are three times the same. */
  readonly grey?: boolean;
  /** Set where nothing says the range of the values: why this one is thought to be right. */
  readonly assumed?: string;
}

/** Values of one picture as the network takes it: height, width and channels multiplied. */
export function preparedLength({ resolution, grey = false }: Pick<Preprocessing, 'resolution' | 'grey'>): number {
  return resolution ** 2 * (grey ? 1 : 3);
}
