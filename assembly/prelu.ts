import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/**
 * x where x ≥ 0, else x · slope. Input `[pixels][channels]`; slopes `[channels]`, the same for all pixels, or where perPixel
 * is not 0 `[pixels][channels]`. channels is a multiple of 8, addresses are 16-byte aligned, output may be the input.
 */
export function prelu_f32(
  output: usize, input: usize, slopes: usize, pixels: i32, channels: i32, perPixel: i32,
): void {
  assert(isAligned(output) && isAligned(input) && isAligned(slopes) && channels % CHANNEL_TILE == 0);
  const pixelBytes = <usize>channels * FLOAT;
  for (; pixels > 0; --pixels) {
    for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
      const x = v128.load(input + c);
      const scaled = f32x4.mul(x, v128.load(slopes + c));
      v128.store(output + c, v128.bitselect(x, scaled, f32x4.ge(x, f32x4.splat(0))));
    }
    output += pixelBytes;
    input += pixelBytes;
    if (perPixel) slopes += pixelBytes;
  }
}
