import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives a function that collects all garbage of this thread. What pictures leave behind is small for V8, which collects
 * the rarer the longer a thread runs, and large for the C library: files, decoders and pixels hang on it.
 */
export function exposeGarbageCollection(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
