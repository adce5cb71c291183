import type { ResolvedNetwork } from '../../networks/types.js';
import type { KernelModule } from '../kernels.js';
import { foldedWeights, type Preparation, prepareFloats } from '../preparation.js';
import { withCopies } from './copies.js';
import { integerStagingBytes } from './layouts.js';
import type { Levels } from './levels.js';
import { packIntegers } from './pack.js';
import { checkLevels, planIntegers } from './plan.js';

/** @throws ModelError `calibration` where the levels do not fit the network */
export function prepareIntegers(network: ResolvedNetwork, kernels: KernelModule, levels: Levels): Preparation {
  checkLevels(withCopies(network, levels.values), levels);
  const { constants } = kernels;
  const floats = prepareFloats(network, kernels);
  return {
    plan: (options) => planIntegers(network, kernels, levels.values, options),
    stagingBytes: (layout) =>
      Math.max(floats.stagingBytes(layout), ...layout.integers.map((packed) => integerStagingBytes(packed, constants))),
    pack(layout, source, target) {
      floats.pack(layout, source, target);
      for (const packed of layout.integers) {
        packIntegers(packed, (layer) => foldedWeights(source, layer), { ...target, constants, levels });
      }
    },
  };
}
