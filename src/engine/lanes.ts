import type { ResolvedNetwork } from '../networks/types.js';
import type { NetworkWeights } from '../weights/types.js';
import { align } from './arena.js';
import { bindCalls, type Call } from './calls.js';
import { checkLevels, planIntegers } from './int8/plan.js';
import { bindKernels, type CompiledKernels, createMemory, type KernelMemory, loadKernels } from './kernels.js';
import { type Floats, plan } from './plan.js';
import { packAll, type SessionOptions } from './session.js';

/**
 * One of several ways through a network, as data for a thread of its own: all have the same memory and weights, each an
 * arena to itself, so that each runs another picture at the same time.
 */
export interface Lane {
  readonly module: CompiledKernels;
  readonly memory: KernelMemory;
  readonly calls: readonly Call[];
  readonly input: Floats;
  readonly output: Floats;
}

/** A lane on this thread. */
export interface BoundLane {
  /** Write the prepared picture here, height × width × channels, then `run`. */
  readonly input: Float32Array;
  /** One value for each class, in an array of its own. */
  run(): Float32Array<ArrayBuffer>;
}

/** Packs the weights once for `count` lanes. `weights` must have passed `checkWeights`. Throws ModelError where they do not fit. */
export async function createLanes(
  network: ResolvedNetwork,
  weights: NetworkWeights,
  epsilon: number,
  count: number,
  { deterministic, levels: given }: Pick<SessionOptions, 'deterministic' | 'levels'> = {},
): Promise<readonly Lane[]> {
  const kernels = await loadKernels(deterministic ? 'plain' : 'relaxed');
  const levels = typeof given === 'function' ? given() : given;
  if (levels) checkLevels(network, levels);
  const layout = (shift: number) =>
    levels ? planIntegers(network, kernels, levels.values, { shift }) : plan(network, kernels, { shift });
  const first = layout(0);
  const arenaBytes = align(first.memoryBytes - first.arenaAddress);
  const plans = [first, ...Array.from({ length: count - 1 }, (_, index) => layout((index + 1) * arenaBytes))];
  const memory = createMemory(plans.at(-1)!.memoryBytes);
  const bound = bindKernels(kernels, memory);
  const { buffer } = memory;
  packAll(first, weights, epsilon, {
    memory: buffer,
    bound,
    constants: kernels.constants,
    levels,
    staging: first.arenaAddress,
  });
  return plans.map(({ steps, input, output }) => ({
    module: kernels.module,
    memory,
    calls: steps.map(({ kernel, args }) => ({ kernel, args })),
    input,
    output,
  }));
}

/** Makes a lane ready to run on this thread. */
export function bindLane({ module, memory, calls, input, output }: Lane): BoundLane {
  const run = bindCalls(module, memory, [[calls]])[0]![0]!;
  const probabilities = new Float32Array(memory.buffer, output.address, output.length);
  return {
    input: new Float32Array(memory.buffer, input.address, input.length),
    run() {
      run();
      return new Float32Array(probabilities);
    },
  };
}
