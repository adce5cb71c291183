import type { Operation } from './fuse.js';
import type { KernelModule, KernelName } from './kernels.js';
import type { PackedWeights } from './pack.js';

/** A number, or a value whose address is known only when the arena has been placed. */
export type Argument = number | { readonly value: string };

export interface LoweredStep {
  readonly layer: string;
  readonly kernel: KernelName;
  readonly args: readonly Argument[];
  /** See `Step`. */
  readonly strides?: readonly number[];
  /** Bytes of scratch memory of each thread; none by default. */
  readonly scratchBytes?: number;
}

/** A call of a kernel. */
export type KernelCall = Pick<LoweredStep, 'kernel' | 'args' | 'scratchBytes'>;

/** Without its place in memory. */
export type Unplaced<T> = T extends unknown ? Omit<T, 'address'> : never;

export interface LowerContext {
  readonly kernels: KernelModule;
  /** How many need scratch memory of their own at once. */
  readonly threads: number;
  /** Weights of linear layers stay in half precision. */
  readonly keepsHalf?: boolean;
  /** Reserves memory while this operation runs, and names it. */
  scratch(role: string, bytes: number): string;
  /** Reserves memory for what is packed and returns its address. */
  addWeights(packed: Unplaced<PackedWeights>): number;
}

/** An operation with its maps as they lie in memory. */
export interface Place {
  readonly operation: Operation;
  readonly context: LowerContext;
  /** Floats of a pixel of the first input, and of the output. */
  readonly inChannels: number;
  readonly outChannels: number;
}
