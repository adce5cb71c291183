/**
 * Pictures are decoded by libuv's threads, four unless the environment says otherwise: too few for many lanes, and with more
 * than there are lanes memory grows, as the C library keeps a heap for each thread. They start when they are first used, so
 * this is to be called before anything is read.
 */
export function limitDecodeThreads(lanes: number): void {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(2, lanes));
}
