import { readGraphDef } from '../src/weights/formats/frozen-graph/graph-def.js';
import { isFloat, readValues } from '../src/weights/formats/frozen-graph/tensor.js';
import type { NamedTensors, Tensor } from '../src/weights/types.js';

/** TF-slim's MobileNet v1 in the graph, without what the graph's owner trained on top of it. */
const SLIM_V1 = /^MobilenetV1\/(Conv2d_\d+(_depthwise|_pointwise)?|Logits\/Conv2d_1c_1x1)\//;

/** The weights of TF-slim's MobileNet v1 in a frozen graph, by TF-slim's names. */
export function readFrozenMobilenetV1(bytes: Uint8Array, where: string): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, value } of readGraphDef(bytes, where).values()) {
    if (value === undefined || !SLIM_V1.test(name) || !isFloat(value)) continue;
    tensors.set(name, { shape: value.dims, data: Float32Array.from(readValues(value, name)) });
  }
  return tensors;
}
