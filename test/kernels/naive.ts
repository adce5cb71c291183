/**
 * Each operation from its definition, in double precision and without any blocking. `magnitudes` is the sum of the
 * absolute values of what was added up: an f32 sum of n terms in any order is within about n · 2⁻²⁴ of it.
 */
export interface Sums {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;
}

export interface Window {
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelSize: number;
  readonly kernelWidth?: number;
  readonly stride: number;
  readonly strideWidth?: number;
  readonly dilation?: number;
  readonly dilationWidth?: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** All numbers of a window, those left out as those beside them. */
export function completeWindow(w: Omit<Window, 'inHeight' | 'inWidth' | 'channels' | 'outHeight' | 'outWidth'>) {
  const { kernelSize, kernelWidth = kernelSize, stride, strideWidth = stride, dilation = 1 } = w;
  return {
    kernelHeight: kernelSize,
    kernelWidth,
    stride,
    strideWidth,
    dilation,
    dilationWidth: w.dilationWidth ?? dilation,
  };
}

/** As the pools take it. */
export function poolWindow(w: Parameters<typeof completeWindow>[0]) {
  const { kernelHeight, kernelWidth, stride, strideWidth } = completeWindow(w);
  return [kernelHeight, kernelWidth, stride, strideWidth, w.padTop, w.padLeft] as const;
}

/** As the convolutions take it. */
export function convWindow(w: Parameters<typeof completeWindow>[0]) {
  const { kernelHeight, kernelWidth, stride, strideWidth, dilation, dilationWidth } = completeWindow(w);
  return [kernelHeight, kernelWidth, stride, strideWidth, dilation, dilationWidth, w.padTop, w.padLeft] as const;
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

/** weights [inChannels][outChannels] */
export function pointwise(
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  residual: Float32Array | undefined,
  pixels: number,
): Sums {
  const outChannels = bias.length;
  const inChannels = weights.length / outChannels;
  const values = new Float64Array(pixels * outChannels);
  const magnitudes = new Float64Array(values.length);
  for (let p = 0; p < pixels; ++p) {
    for (let n = 0; n < outChannels; ++n) {
      const at = p * outChannels + n;
      const add = (term: number) => {
        values[at]! += term;
        magnitudes[at]! += Math.abs(term);
      };
      add(bias[n]!);
      if (residual) add(residual[at]!);
      for (let k = 0; k < inChannels; ++k) add(input[p * inChannels + k]! * weights[k * outChannels + n]!);
    }
  }
  return { values, magnitudes };
}

/**
 * `pointwise` with the magnitudes of a product of quarters (Winograd's form): even and odd pixels, halves of the inputs, and
 * output channels 8 apart meet in all of its sums. `terms`: for `expectSums`.
 */
export function strassen(
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  residual: Float32Array | undefined,
  pixels: number,
): Sums & { readonly terms: number } {
  const { values } = pointwise(input, weights, bias, residual, pixels);
  const outChannels = bias.length;
  const inChannels = weights.length / outChannels;
  const half = inChannels / 2;
  const partner = (index: number, distance: number, count: number) =>
    (index ^ distance) < count ? index ^ distance : index;
  /** For each input of a half: absolute values in both halves, of one index and its partner. */
  const quarters = (first: number, second: number, at: (k: number, index: number) => number) =>
    Float64Array.from({ length: half }, (_, k) => {
      const parts = [at(k, first), at(k, second), at(half + k, first), at(half + k, second)];
      return parts.reduce((sum, value) => sum + Math.abs(value), 0);
    });
  const rows = Array.from({ length: pixels }, (_, p) =>
    quarters(p, partner(p, 1, pixels), (k, index) => input[index * inChannels + k]!),
  );
  const columns = Array.from({ length: outChannels }, (_, n) =>
    quarters(n, partner(n, 8, outChannels), (k, index) => weights[k * outChannels + index]!),
  );
  const magnitudes = values.map((_, at) => {
    const [row, n] = [rows[Math.floor(at / outChannels)]!, at % outChannels];
    const biases = Math.abs(bias[n]!) + Math.abs(bias[partner(n, 8, outChannels)]!);
    let sum = 0;
    for (let k = 0; k < half; ++k) sum += row[k]! * columns[n]![k]!;
    return 3 * (sum + biases) + Math.abs(residual?.[at] ?? 0);
  });
  return { values, magnitudes, terms: half + 12 };
}

/** Calls `tap` for each place of the window that lies inside of the map. */
function visitTaps(w: Window, y: number, x: number, tap: (inPixel: number, kernelPixel: number) => void): void {
  const { kernelHeight, kernelWidth, stride, strideWidth, dilation, dilationWidth } = completeWindow(w);
  for (let ky = 0; ky < kernelHeight; ++ky) {
    for (let kx = 0; kx < kernelWidth; ++kx) {
      const inY = y * stride - w.padTop + ky * dilation;
      const inX = x * strideWidth - w.padLeft + kx * dilationWidth;
      if (inY < 0 || inY >= w.inHeight || inX < 0 || inX >= w.inWidth) continue;
      tap(inY * w.inWidth + inX, ky * kernelWidth + kx);
    }
  }
}

/** weights [kernelHeight][kernelWidth][channels][outChannels] */
export function conv(input: Float32Array, weights: Float32Array, bias: Float32Array, w: Window): Sums {
  const outChannels = bias.length;
  const values = new Float64Array(w.outHeight * w.outWidth * outChannels);
  const magnitudes = new Float64Array(values.length);
  for (let y = 0; y < w.outHeight; ++y) {
    for (let x = 0; x < w.outWidth; ++x) {
      for (let n = 0; n < outChannels; ++n) {
        const at = (y * w.outWidth + x) * outChannels + n;
        values[at] = bias[n]!;
        magnitudes[at] = Math.abs(bias[n]!);
        visitTaps(w, y, x, (inPixel, kernelPixel) => {
          for (let c = 0; c < w.channels; ++c) {
            const product =
              input[inPixel * w.channels + c]! * weights[(kernelPixel * w.channels + c) * outChannels + n]!;
            values[at]! += product;
            magnitudes[at]! += Math.abs(product);
          }
        });
      }
    }
  }
  return { values, magnitudes };
}

/** weights [kernelHeight][kernelWidth][channels] */
export function depthwise(input: Float32Array, weights: Float32Array, bias: Float32Array, w: Window): Sums {
  const values = new Float64Array(w.outHeight * w.outWidth * w.channels);
  const magnitudes = new Float64Array(values.length);
  for (let y = 0; y < w.outHeight; ++y) {
    for (let x = 0; x < w.outWidth; ++x) {
      for (let c = 0; c < w.channels; ++c) {
        const at = (y * w.outWidth + x) * w.channels + c;
        values[at] = bias[c]!;
        magnitudes[at] = Math.abs(bias[c]!);
        visitTaps(w, y, x, (inPixel, kernelPixel) => {
          const product = input[inPixel * w.channels + c]! * weights[kernelPixel * w.channels + c]!;
          values[at]! += product;
          magnitudes[at]! += Math.abs(product);
        });
      }
    }
  }
  return { values, magnitudes };
}

export function maxPool(input: Float32Array, w: Window): Float64Array {
  const values = new Float64Array(w.outHeight * w.outWidth * w.channels).fill(-Infinity);
  for (let y = 0; y < w.outHeight; ++y) {
    for (let x = 0; x < w.outWidth; ++x) {
      for (let c = 0; c < w.channels; ++c) {
        const at = (y * w.outWidth + x) * w.channels + c;
        visitTaps(w, y, x, (inPixel) => {
          values[at] = Math.max(values[at]!, input[inPixel * w.channels + c]!);
        });
      }
    }
  }
  return values;
}

/** What lies outside of the map counts as zeros in the sum, and among the values where countsPadding. */
export function averagePool(input: Float32Array, w: Window, countsPadding: boolean): Sums {
  const { kernelHeight, kernelWidth } = completeWindow(w);
  const values = new Float64Array(w.outHeight * w.outWidth * w.channels);
  const magnitudes = new Float64Array(values.length);
  for (let y = 0; y < w.outHeight; ++y) {
    for (let x = 0; x < w.outWidth; ++x) {
      for (let c = 0; c < w.channels; ++c) {
        const at = (y * w.outWidth + x) * w.channels + c;
        let inside = 0;
        visitTaps(w, y, x, (inPixel) => {
          ++inside;
          values[at]! += input[inPixel * w.channels + c]!;
          magnitudes[at]! += Math.abs(input[inPixel * w.channels + c]!);
        });
        const count = countsPadding ? kernelHeight * kernelWidth : Math.max(inside, 1);
        values[at]! /= count;
        magnitudes[at]! /= count;
      }
    }
  }
  return { values, magnitudes };
}

export function globalAveragePool(input: Float32Array, pixels: number): Sums {
  const channels = input.length / pixels;
  const values = new Float64Array(channels);
  const magnitudes = new Float64Array(channels);
  input.forEach((value, i) => {
    values[i % channels]! += value / pixels;
    magnitudes[i % channels]! += Math.abs(value) / pixels;
  });
  return { values, magnitudes };
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function softmax(input: Float32Array): Float64Array {
  const maximum = input.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(input, (x) => Math.exp(x - maximum));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** From the fields of the format (IEEE 754-2019, binary16). */
export function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
