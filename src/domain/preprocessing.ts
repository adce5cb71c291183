/** How a picture is scaled. `pil-*`: Pillow's antialiased 8-bit resampling; `tf1-bilinear`: TensorFlow 1, no antialias. */
export type ResizeFilter = 'pil-bilinear' | 'pil-bicubic' | 'tf1-bilinear' | 'lanczos3' | 'nearest';

/**
 * What was done to the pictures that the weights were trained or measured on; a property of the weights,
 * never of the network.
 */
export interface Preprocessing {
  /** `center`: shorter side to `resize`, then the middle resolution × resolution; `squash`: straight to it. */
  readonly crop: 'center' | 'squash';
  /** Length of the shorter side before a centre crop, in pixels. */
  readonly resize: number;
  /** Side of the network's square input, in pixels. */
  readonly resolution: number;
  readonly filter: ResizeFilter;
  /** value = (pixel / 255 − mean) / std for each of R, G, B, pixel in 0…255. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Some columns of a picture, side by side. */
export interface ColumnSpan {
  readonly first: number;
  readonly count: number;
}

/** For each output pixel of an axis: its first input pixel, how many it reads, and a row of `size` weights for them. */
export interface Taps {
  readonly size: number;
  readonly first: Int32Array;
  readonly length: Int32Array;
  /** Fixed point, `bits` of them behind the point. */
  readonly weights: Int32Array;
  readonly bits: number;
}

/** The work that is done for every pixel. What is returned may be a view that holds until the next call. */
export interface PixelKernels {
  /**
   * Σ weight · pixel along one axis, rounded (half up) and clipped to bytes, then along the other; sums have 32 bits.
   * @param source [any, held.count, 3]: these columns of the picture; only the pixels that the taps name are read
   * @returns [y.first.length, x.first.length, 3]
   */
  convolve(source: Uint8Array, held: ColumnSpan, x: Taps, y: Taps, columnsFirst: boolean): Uint8Array;
  /**
   * @param pixels whole RGB pixels
   * @param table [3, 256]
   * @returns table[i mod 3][pixels[i]]
   */
  lookUp(pixels: Uint8Array, table: Float32Array): Float32Array;
}
