import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * Each channel of input `[pixels][channels]` times the matching value of gate `[channels]`. channels is a multiple of 8,
 * addresses are 16-byte aligned, output may be the input.
 */
export function scale_f32(output: usize, input: usize, gate: usize, pixels: i32, channels: i32): void {
  assert(isAligned(output) && isAligned(input) && isAligned(gate));
  assert(pixels >= 0 && channels >= 1 && channels % CHANNEL_TILE == 0);
  const pixelBytes = <usize>channels * FLOAT;
  for (; pixels > 0; --pixels) {
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      v128.store(output + c, f32x4.mul(v128.load(input + c), v128.load(gate + c)));
    }
    output += pixelBytes;
    input += pixelBytes;
  }
}

/**
 * Each pixel of input `[pixels][channels]` times a value of its own: the first of each `gateStride` floats of gate (0: one
 * for all). channels is a multiple of 8, addresses are 16-byte aligned, output may be the input.
 */
export function scale_pixels_f32(
  output: usize, input: usize, gate: usize, pixels: i32, channels: i32, gateStride: i32,
): void {
  assert(isAligned(output) && isAligned(input) && pixels >= 0 && channels % CHANNEL_TILE == 0);
  const pixelBytes = <usize>channels * FLOAT;
  for (; pixels > 0; --pixels) {
    const factor = v128.load32_splat(gate);
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      v128.store(output + c, f32x4.mul(v128.load(input + c), factor));
    }
    output += pixelBytes;
    input += pixelBytes;
    gate += <usize>gateStride * FLOAT;
  }
}
