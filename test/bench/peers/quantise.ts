/** 8-bit quantisation as TFLite and ONNX Runtime take it: maps by one scale and zero point, weights by output channel. */

/** Smallest and largest value of each map, by name. */
export type Ranges = Readonly<Record<string, readonly [minimum: number, maximum: number]>>;

/** value = (stored − zeroPoint) · scale, stored in 0 … 255. */
export interface MapScale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Covers the range and 0. */
export function chooseMapScale([minimum, maximum]: readonly [number, number]): MapScale {
  const low = Math.min(minimum, 0);
  const scale = Math.fround(Math.max(Math.max(maximum, 0) - low, 1e-8) / 255);
  return { scale, zeroPoint: Math.round((0 - low) / scale) };
}

export interface IntegerWeights {
  readonly values: Int8Array;
  /** One for each output channel. */
  readonly scales: Float32Array;
  /** In units of inputScale · scales. */
  readonly bias: Int32Array;
}

/** @param channelOf the output channel of the weight at an index */
export function quantiseWeights(
  weights: Float32Array,
  bias: Float32Array,
  inputScale: number,
  channelOf: (index: number) => number,
): IntegerWeights {
  const scales = new Float32Array(bias.length).fill(1e-8);
  weights.forEach((weight, index) => {
    const channel = channelOf(index);
    scales[channel] = Math.max(scales[channel]!, Math.abs(weight) / 127);
  });
  return {
    values: Int8Array.from(weights, (weight, index) => Math.round(weight / scales[channelOf(index)]!)),
    scales,
    bias: Int32Array.from(bias, (value, channel) => Math.round(value / (inputScale * scales[channel]!))),
  };
}
