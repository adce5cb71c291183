import type { QuantisedGraph } from '../../quantised-graph.js';
import { TfliteGraph } from './graph.js';
import { quantisedOperators } from './integer-operators.js';
import { QuantisedReader } from './integer-reader.js';
import { TENSOR_TYPE } from './schema.js';

/**
 * Reads a quantised TFLite file as integers: what `readTflite` reads as real numbers. Weights are views of `bytes`.
 *
 * @param where the file's name, for messages
 * @throws ModelError `not-quantised` where the file computes in floats, otherwise as `readTflite`
 */
export function readQuantisedTflite(bytes: Uint8Array, where: string): QuantisedGraph {
  const graph = new TfliteGraph(bytes, where);
  const reader = new QuantisedReader(graph);
  const input = graph.input();
  const output = graph.output();
  let stated: number | undefined;
  if (input.type !== TENSOR_TYPE.float32) stated = reader.begin(input);
  for (let index = 0; index < graph.operatorCount; index++) {
    const operation = graph.operation(index);
    const [source] = operation.inputs;
    const [target] = operation.outputs;
    if (operation.name === 'QUANTIZE' && stated === undefined && source === input && target !== undefined) {
      // Takes floats: the picture's bytes are what its first operator makes of them.
      stated = reader.begin(target);
    } else if (operation.name === 'DEQUANTIZE' && target === output && source !== undefined) {
      reader.alias(target, reader.read(operation, 0));
    } else {
      const handler = quantisedOperators.get(operation.name);
      if (handler === undefined) {
        throw graph.unsupported(
          `operator ${operation.name} in integers, expected one of ${[...quantisedOperators.keys()].join(', ')}`,
        );
      }
      handler(reader, operation);
    }
  }
  if (stated === undefined) throw reader.notQuantised(input, 'its input');
  return { where, maps: reader.maps, layers: reader.layers, input: stated, output: reader.finish(output) };
}
