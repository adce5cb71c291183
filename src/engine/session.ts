import type { ResolvedNetwork } from '../networks/types.js';
import type { NetworkWeights } from '../weights/types.js';
import { foldBatchNorm } from './fold.js';
import { bindKernels, createMemory, loadKernels } from './kernels.js';
import { pack } from './pack.js';
import { type Plan, plan } from './plan.js';

/** A network with its weights in memory, ready to run many pictures one after another. */
export interface Session {
  readonly plan: Plan;
  /** Write the prepared picture here, height × width × channels, then `run`. */
  readonly input: Float32Array;
  /** One value for each class, in an array of its own. */
  run(): Float32Array;
  /** Runs one step of the plan by itself, for measuring: all of them in order do what `run` does. */
  runStep(index: number): void;
}

/**
 * Plans the network, packs its weights, binds the kernels.
 * `weights` must have passed `checkWeights`; `epsilon` is the batch norm's where it is not folded yet.
 */
export async function createSession(
  network: ResolvedNetwork,
  weights: NetworkWeights,
  epsilon: number,
): Promise<Session> {
  const kernels = await loadKernels();
  const layout = plan(network, kernels);
  const memory = createMemory(layout.memoryBytes);
  const bound = bindKernels(kernels, memory);
  const target = { memory: memory.buffer, kernels: bound, staging: layout.arenaAddress };
  for (const packed of layout.weights) {
    pack(packed, foldBatchNorm(weights.get(packed.layer)!, epsilon), target);
  }
  const calls = layout.steps.map(({ kernel, args }) => ({
    call: bound[kernel] as (...args: readonly number[]) => void,
    args,
  }));
  const output = new Float32Array(memory.buffer, layout.output.address, layout.output.length);
  return {
    plan: layout,
    input: new Float32Array(memory.buffer, layout.input.address, layout.input.length),
    run() {
      for (const { call, args } of calls) call(...args);
      return output.slice();
    },
    runStep(index) {
      const { call, args } = calls[index]!;
      call(...args);
    },
  };
}
