import type { LayerKind, ResolvedLayer } from '../networks/types.js';
import type { Clamp } from './activations.js';
import type { Operation } from './fuse.js';
import type { NamedCall } from './kernel-signatures.js';
import type { KernelModule } from './kernels.js';
import type { PackedWeights } from './pack.js';

/** A number, or a value whose address is known only when the arena has been placed. */
export type Argument = number | { readonly value: string };

/** A call of a kernel before the arena has been placed. */
export type KernelCall = NamedCall<Argument> & {
  /** See `Step`. */
  readonly strides?: Strides;
  /** Bytes of scratch memory of each thread; none by default. */
  readonly scratchBytes?: number;
};

/** Bytes from one pixel to the next of each map, by the name of the argument that is its address. */
export type Strides = Readonly<Record<string, number>>;

export type LoweredStep = KernelCall & { readonly layer: string };

/** Without its place in memory. */
export type Unplaced<T> = T extends unknown ? Omit<T, 'address'> : never;

export interface LowerContext {
  readonly kernels: KernelModule;
  /** How many need scratch memory of their own at once. */
  readonly threads: number;
  /** Weights of linear layers are read in half precision when their layer begins. */
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

export type LayerOf<Kind extends LayerKind> = ResolvedLayer & { readonly kind: Kind };

/** The maps of a kernel with one input. */
export function mapsOf({ operation }: Place): { readonly output: Argument; readonly input: Argument } {
  return { output: { value: operation.output }, input: { value: operation.inputs[0] } };
}

export function limits([min, max]: Clamp): { readonly min: number; readonly max: number } {
  return { min, max };
}
