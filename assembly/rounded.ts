import { softmax } from './softmax';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { clampVector, isAligned, multiplyAdd, Rounded } from './vector';

/*
 * What a network in integers still computes in floats, never fused: the same last digits from both binaries. All of it is
 * on one number for each channel, so that its speed matters little.
 */

/**
 * Like `pointwise_f32`, one pixel after the other, the inputs in order: clamp(input · weights + bias + residual). The same
 * arguments.
 */
export function pointwise_rounded_f32(
  output: usize,
  input: usize,
  weights: usize,
  residual: usize,
  pixels: i32,
  inChannels: i32,
  outChannels: i32,
  min: f32,
  max: f32,
): void {
  assert(isAligned(output) && isAligned(weights) && isAligned(residual) && (input & 3) == 0);
  assert(pixels >= 0 && inChannels >= 1 && outChannels >= 1 && outChannels % CHANNEL_TILE == 0);
  const least = f32x4.splat(min);
  const most = f32x4.splat(max);
  for (; pixels > 0; --pixels) {
    let w = weights;
    for (let channel = outChannels; channel > 0; channel -= CHANNEL_TILE) {
      let low = v128.load(w);
      let high = v128.load(w, 16);
      w += 2 * VECTOR;
      for (let k: usize = 0; k < <usize>inChannels; ++k) {
        const x = v128.load32_splat(input + k * FLOAT);
        low = multiplyAdd<Rounded>(low, x, v128.load(w));
        high = multiplyAdd<Rounded>(high, x, v128.load(w, 16));
        w += 2 * VECTOR;
      }
      if (residual) {
        low = f32x4.add(low, v128.load(residual));
        high = f32x4.add(high, v128.load(residual, 16));
        residual += 2 * VECTOR;
      }
      v128.store(output, clampVector(low, least, most));
      v128.store(output, clampVector(high, least, most), 16);
      output += 2 * VECTOR;
    }
    input += <usize>inChannels * FLOAT;
  }
}

/** Like `softmax_f32`. */
export function softmax_rounded_f32(output: usize, input: usize, count: i32): void {
  softmax<Rounded>(output, input, count);
}
