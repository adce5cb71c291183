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
