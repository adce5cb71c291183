import { foldBatchNorm } from '../../src/engine/fold.js';
import type { OpenHalves } from '../../src/engine/session.js';
import type { Allocate, OpenedParts } from '../../src/untrusted-data/regular-file.js';
import {
  readSafetensors,
  readSafetensorsParts,
  writeSafetensors,
} from '../../src/weights/formats/safetensors/safetensors.js';
import { narrowToHalf, toFloat32 } from '../../src/weights/half.js';
import { groupTensors, nameTensors } from '../../src/weights/tensor-names.js';
import type { NetworkWeights } from '../../src/weights/types.js';

/** Weights in half precision, in a file in memory: to be read as a whole, or left there. */
export function halfWeights(weights: NetworkWeights, epsilon: number) {
  const file = writeSafetensors(nameTensors(halved(weights, epsilon)));
  const read = (allocate: Allocate): NetworkWeights => {
    const bytes = allocate(file.length);
    bytes.set(file);
    return groupTensors(readSafetensors(bytes, 'test'), 'test');
  };
  const opened: OpenedParts = {
    bytes: file.length,
    read: (target, position) => target.set(file.subarray(position, position + target.length)),
    refuseChanged() {},
    close() {},
  };
  const openHalves: OpenHalves = (allocate, left) => {
    const isWanted = (name: string) => !left.has(name.replace(/\/weights$/, ''));
    const tensors = readSafetensorsParts(opened, allocate(file.length), 'test', isWanted);
    return { weights: groupTensors(tensors, 'test'), file: opened };
  };
  return { read, openHalves };
}

/** Folded, with convolution and dense weights in half precision, as bundled files have them. */
function halved(weights: NetworkWeights, epsilon: number): NetworkWeights {
  return new Map(
    [...weights].map(([layer, parts]) => {
      const { weights: values, bias } = foldBatchNorm(parts, epsilon);
      const shape = parts.weights.shape;
      return [
        layer,
        {
          weights: { shape, data: narrowToHalf(toFloat32(values), layer) },
          bias: { shape: [bias.length], data: bias },
        },
      ];
    }),
  );
}
