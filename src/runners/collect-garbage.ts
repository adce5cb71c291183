import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives a function that collects all garbage of this thread. What pictures leave behind is small for V8, which collects
 * the rarer the longer a thread runs, and large for the C library: files, decoders and pixels hang on it. Bun has a
 * function of its own; in a runtime that has none, nothing is done.
 */
export function exposeGarbageCollection(): () => void {
  const { Bun: bun } = globalThis as { Bun?: { gc(isSynchronous: boolean): void } };
  if (bun) return () => bun.gc(true);
  setFlagsFromString('--expose-gc');
  const collect: (() => void) | undefined = runInNewContext('typeof gc === "function" ? gc : undefined');
  return collect ?? (() => {});
}

/**
 * The young generation of this thread stays as small as it begins (1 MiB twice) instead of growing to 16 MiB twice while
 * messages and rows go through it. For the process, since there is no such option for the thread that runs first: for a
 * process of our own alone.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
