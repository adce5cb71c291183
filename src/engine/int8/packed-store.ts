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
 * threads they are.
 */
export interface PackedStore {
  find(variant: string): PackedParameters | undefined;
  keep(variant: string, plan: PackedPlan, parameters: Uint8Array): void;
}
