import type { ResolvedNetwork } from '../networks/types.js';
import { fuse, type Operation } from './fuse.js';
import type { PackedIntegers } from './int8/layouts.js';
import type { LowerContext, Unplaced } from './kernel-calls.js';
import type { KernelModule } from './kernels.js';
import { Reservations } from './reservations.js';

/** What an operation is lowered with, in floats or in integers. */
export interface PlanContext extends LowerContext {
  /** Reserves memory for packed parameters of integers and returns its address. */
  addIntegers(packed: Unplaced<PackedIntegers>): number;
}

/** A plan that has been begun: operations, and the memory that lowering them reserves. */
export interface Planning {
  readonly operations: readonly Operation[];
  readonly reserved: Reservations;
  /** For the operation at an index. */
  contextOf(step: number): PlanContext;
}

export function beginPlan(
  { layers }: ResolvedNetwork,
  kernels: KernelModule,
  { threads, keepsHalf, keep }: { threads: number; keepsHalf: boolean; keep: readonly string[] },
): Planning {
  const reserved = new Reservations(kernels.constants.heapBase);
  return {
    operations: fuse(layers, keep),
    reserved,
    contextOf: (step) => ({
      kernels,
      threads,
      keepsHalf,
      scratch: (role, bytes) => reserved.scratch(step, role, bytes),
      addWeights: (packed) => reserved.addWeights(packed),
      addIntegers: (packed) => reserved.addIntegers(packed),
    }),
  };
}
