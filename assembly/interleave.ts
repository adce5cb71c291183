/** Interleaving for the integer kernels: values that are multiplied and added in one lane come to lie side by side. */

/** Bytes 0 … 7 of a and b in turn. */
// @ts-ignore: decorator
@inline
export function mixBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

/** The lower four words of a and b in turn. */
// @ts-ignore: decorator
@inline
export function mixLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

/** The upper four words of a and b in turn. */
// @ts-ignore: decorator
@inline
export function mixHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}
