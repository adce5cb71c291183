import { CHANNEL_TILE, FLOAT, VECTOR } from './tiles';
import { isAligned } from './vector';

/** Of a row or column of the output: the two of the input that it lies between (i32), and the second one's share (f32). */
export const RESIZE_ENTRY: usize = 12;

/**
 * A map at another size: between the two input rows and columns that tables name, by their shares. Computes rows rowStart …
 * rowEnd − 1 of the output.
 *
 * - input `[…][inWidth][channels]`, output (address of row 0) `[…][outWidth][channels]`, channels a multiple of 8; both
 *   16-byte aligned and apart.
 * - rows, columns: for each of the output (first: i32, second: i32, share of the second: f32). Where a share is 0, the
 *   second is not looked at.
 */
export function resize_f32(
  output: usize, input: usize, rows: usize, columns: usize, inWidth: i32, channels: i32, outWidth: i32, rowStart: i32,
  rowEnd: i32,
): void {
  assert(isAligned(output) && isAligned(input) && channels % CHANNEL_TILE == 0 && ((rows | columns) & 3) == 0);
  const pixelBytes = <usize>channels * FLOAT;
  const rowBytes = <usize>inWidth * pixelBytes;
  let to = output + <usize>(rowStart * outWidth) * pixelBytes;
  for (let y = rowStart; y < rowEnd; ++y) {
    const row = rows + <usize>y * RESIZE_ENTRY;
    const upper = input + <usize>load<i32>(row) * rowBytes;
    const lower = input + <usize>load<i32>(row, 4) * rowBytes;
    const down = load<f32>(row, 8);
    for (let x = 0; x < outWidth; ++x) {
      const column = columns + <usize>x * RESIZE_ENTRY;
      const left = <usize>load<i32>(column) * pixelBytes;
      const right = <usize>load<i32>(column, 4) * pixelBytes;
      const across = load<f32>(column, 8);
      for (let c: usize = 0; c < pixelBytes; c += VECTOR) {
        let value = mix(upper + left + c, upper + right + c, across);
        if (down != 0) {
          const below = mix(lower + left + c, lower + right + c, across);
          value = f32x4.add(value, f32x4.mul(f32x4.sub(below, value), f32x4.splat(down)));
        }
        v128.store(to + c, value);
      }
      to += pixelBytes;
    }
  }
}

// @ts-ignore: decorator
@inline
function mix(a: usize, b: usize, share: f32): v128 {
  const first = v128.load(a);
  if (share == 0) return first;
  return f32x4.add(first, f32x4.mul(f32x4.sub(v128.load(b), first), f32x4.splat(share)));
}
