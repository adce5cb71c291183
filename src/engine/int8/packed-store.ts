import type { IntegerMaps } from './levels.js';

/** A network's parameters in integers as the kernels read them: a plan's memory from the heap's base to the arena. */
export interface PackedParameters {
  readonly maps: IntegerMaps;
  readonly bytes: number;
  /** False where they are damaged; what was written then counts for nothing. */
  read(into: Uint8Array): boolean;
}

/** Keeps the parameters of one network from one start to the next. `kernels` tells for which kernels they are packed. */
export interface PackedStore {
  find(kernels: string): PackedParameters | undefined;
  keep(kernels: string, maps: IntegerMaps, parameters: Uint8Array): void;
}
