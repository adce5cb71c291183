// @ts-ignore: decorator
@inline
export function lesser(a: i32, b: i32): i32 {
  return select<i32>(a, b, a < b);
}

// @ts-ignore: decorator
@inline
export function greater(a: i32, b: i32): i32 {
  return select<i32>(a, b, a > b);
}
