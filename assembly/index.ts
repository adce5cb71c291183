/** First byte that the caller may use: below it lies what the compiler placed. */
export const HEAP_BASE: usize = __heap_base;
