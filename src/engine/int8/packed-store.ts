import { align } from '../arena.js';
import type { KernelMemory, KernelModule } from '../kernels.js';
import type { Plan } from '../plan.js';

/** A plan without the list of what is to be packed. */
export type PackedPlan = Omit<Plan, 'weights' | 'integers'>;

/** A network's plan in integers and its parameters as the kernels read them: the plan's memory from the heap's base to the arena. */
export interface PackedParameters {
  readonly plan: PackedPlan;
  readonly bytes: number;
  /** False where they are damaged; what was written then counts for nothing. */
  read(into: Uint8Array): boolean;
}

/**
 * Keeps plan and parameters of one network from one start to the next. `variant` tells for which kernels and how many
 * threads they are, or that they are for lanes.
 */
export interface PackedStore {
  find(variant: string): PackedParameters | undefined;
  keep(variant: string, plan: PackedPlan, parameters: Uint8Array): void;
}

/** What parameters depend on beside network and weights; undefined where that cannot be told. */
export function variantOf(
  { checksum, constants }: KernelModule,
  keep: readonly string[] | undefined,
  threads: number | 'lanes',
): string | undefined {
  // A plan that keeps maps has other addresses, and is not kept: commands that need maps run many pictures, or once.
  if ((keep && keep.length > 0) || checksum === undefined) return undefined;
  // The same kernels with bytes of narrow integers in one version of Node.js, and with words in another.
  return `${checksum}.${constants.narrowBytes}.${threads}`;
}

/** The part of a plan's memory that holds parameters. */
export function parametersOf(
  { arenaAddress }: Pick<Plan, 'arenaAddress'>,
  { constants }: KernelModule,
  { buffer }: KernelMemory,
): Uint8Array {
  const base = align(constants.heapBase);
  return new Uint8Array(buffer, base, arenaAddress - base);
}
