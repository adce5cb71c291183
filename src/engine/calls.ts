import type { Call } from './kernel-signatures.js';
import { bindKernels, type CompiledKernels, type KernelMemory, type Kernels } from './kernels.js';
import type { Stages } from './turns.js';

/** By stage and part, the calls that are made one after the other. */
export type StageCalls = readonly (readonly (readonly Call[])[])[];

/** Calls, one after the other, as one function. */
export function bindInOrder(kernels: Kernels, calls: readonly Call[]): () => void {
  const bound = calls.map(({ kernel, args }) => ({
    run: kernels[kernel] as (...args: readonly number[]) => void,
    args,
  }));
  return () => {
    for (const { run, args } of bound) run(...args);
  };
}

/** Calls as functions on a memory. */
export function bindCalls(module: CompiledKernels, memory: KernelMemory, stages: StageCalls): Stages {
  const kernels = bindKernels({ module }, memory);
  return stages.map((parts) => parts.map((calls) => bindInOrder(kernels, calls)));
}
