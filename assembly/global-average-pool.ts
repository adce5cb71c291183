import { lesser } from './integers';
import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Pixels that are added up by themselves: in one sum of thousands, each small term would be rounded to the large sum. */
const BLOCK: i32 = 64;

/**
 * Mean of each channel over all pixels: input `[pixels][channels]` → output `[channels]`, pixels ≥ 1, channels a multiple
 * of 8, 16-byte aligned. Nothing past an end is read.
 */
export function global_average_pool_f32(output: usize, input: usize, pixels: i32, channels: i32): void {
  assert(isAligned(output) && isAligned(input));
  assert(pixels >= 1 && channels >= 1 && channels % CHANNEL_TILE == 0);
  const pixelBytes = <usize>channels * FLOAT;
  const count = f32x4.splat(<f32>pixels);
  for (let c: usize = 0; c < pixelBytes; c += 2 * VECTOR) {
    let p = input + c;
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    for (let first = 0; first < pixels; first += BLOCK) {
      let a0 = f32x4.splat(0);
      let a1 = a0;
      let b0 = a0;
      let b1 = a0;
      let left = lesser(BLOCK, pixels - first);
      for (; left >= 2; left -= 2) {
        a0 = f32x4.add(a0, v128.load(p));
        a1 = f32x4.add(a1, v128.load(p, 16));
        p += pixelBytes;
        b0 = f32x4.add(b0, v128.load(p));
        b1 = f32x4.add(b1, v128.load(p, 16));
        p += pixelBytes;
      }
      if (left) {
        a0 = f32x4.add(a0, v128.load(p));
        a1 = f32x4.add(a1, v128.load(p, 16));
      }
      sum0 = f32x4.add(sum0, f32x4.add(a0, b0));
      sum1 = f32x4.add(sum1, f32x4.add(a1, b1));
    }
    v128.store(output + c, f32x4.div(sum0, count));
    v128.store(output + c, f32x4.div(sum1, count), 16);
  }
}
