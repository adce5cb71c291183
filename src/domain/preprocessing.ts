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
  /** Crop ÷ shorter side, where `resize` is a rounded number: other resolutions follow from this. */
  readonly cropShare?: number;
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

/**
 * The one rule for the shorter side before a centre crop: resolution ÷ share, rounded down, as timm does
 * (timm/data/transforms_factory.py); 256 for 224 and 0.875, as in torchvision and TF-slim. Share = crop ÷ side. A quotient
 * that only rounding keeps below a whole number counts as that number.
 */
export function sideBeforeCrop(resolution: number, crop: number, side = 1): number {
  return Math.max(resolution, Math.floor((resolution * side) / crop + 1e-9));
}

/** The same for another resolution of the network: the crop keeps its share of the picture. */
export function atResolution(preprocessing: Preprocessing, resolution: number): Preprocessing {
  const { crop, resize, resolution: known, cropShare } = preprocessing;
  if (resolution === known) return preprocessing;
  if (crop === 'squash') return { ...preprocessing, resize: resolution, resolution };
  const side =
    cropShare === undefined ? sideBeforeCrop(resolution, known, resize) : sideBeforeCrop(resolution, cropShare);
  return { ...preprocessing, resize: side, resolution, cropShare: cropShare ?? known / resize };
}
