import type { ResolvedNetwork } from '../networks/types.js';
import type { NetworkWeights } from '../weights/types.js';
import { foldBatchNorm } from './fold.js';
import type { KernelModule, Kernels } from './kernels.js';
import { pack, stagingBytes, writeTable } from './pack.js';
import { type Plan, type PlanOptions, plan } from './plan.js';

/** What a network's memory is made with, in floats or in integers. */
export interface Preparation {
  plan(options: PlanOptions): Plan;
  /** Bytes of room that packing needs for weights on their way to their packed form. */
  stagingBytes(layout: Plan): number;
  /** Writes all the weights of a plan where it has them; they must have passed `checkWeights`. */
  pack(layout: Plan, weights: FoldableWeights, target: PackTarget): void;
}

export interface FoldableWeights {
  readonly weights: NetworkWeights;
  /** The batch norm's where it is not folded yet. */
  readonly epsilon: number;
}

export interface PackTarget {
  readonly memory: ArrayBufferLike;
  readonly kernels: Kernels;
  /** Where weights lie on their way to their packed form. */
  readonly staging: number;
}

export function prepareFloats(network: ResolvedNetwork, kernels: KernelModule): Preparation {
  return {
    plan: (options) => plan(network, kernels, options),
    stagingBytes: (layout) => Math.max(0, ...layout.weights.map(stagingBytes)),
    pack(layout, source, target) {
      for (const packed of layout.weights) {
        if (packed.layout === 'table') writeTable(packed, target.memory);
        else pack(packed, foldedWeights(source, packed.layer), target);
      }
    },
  };
}

export function foldedWeights({ weights, epsilon }: FoldableWeights, layer: string) {
  return foldBatchNorm(weights.get(layer)!, epsilon);
}
