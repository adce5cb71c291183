import { ModelError } from '../../../errors/errors.js';
import { NETWORK_INPUT } from '../../../networks/types.js';
import { finishModel } from '../../graph/finish.js';
import { quote } from '../../graph/graph-importer.js';
import type { ImportedModel } from '../../graph/imported-model.js';
import { mapOf } from '../../graph/value.js';
import { isFoldable } from './fold.js';
import { readGraph } from './graph.js';
import { type Handler, OnnxImporter, openSizes } from './onnx-importer.js';
import { operators } from './operators.js';

export interface OnnxOptions {
  /** Where files beside the model lie; without it, weights in other files are refused. */
  readonly folder?: string;
  /** Side of the picture where the graph leaves it open; 224 by default. */
  readonly resolution?: number;
}

const DEFAULT_RESOLUTION = 224;
const FLOAT_TYPES = [1, 10, 11, 16];

/**
 * Reads an ONNX file (opset 7 to 23, as torch.onnx, tf2onnx and onnxruntime's quantiser write them) as a network of
 * this project's layers with f32 weights. Batch norms are folded with the graph's own epsilon; integer weights become
 * real numbers, and maps stored as integers are clipped to what those can hold, not rounded. A graph that ends in
 * logits gets a softmax.
 *
 * @param where the file's name, for messages and for the network's provisional id
 * @throws ModelError `weights-damaged`, `weights-unsafe`, `weights-missing`, `weights-dtype`, or
 * `operator-unsupported` with the operator's name
 */
export function readOnnx(bytes: Uint8Array, where: string, options: OnnxOptions = {}): ImportedModel {
  const graph = readGraph(bytes, where);
  const [input, ...others] = graph.inputs;
  const [output] = graph.outputs;
  const unsupported = (problem: string) => new ModelError('operator-unsupported', { where, problem });
  for (const { operator } of graph.nodes) {
    if (!operators.has(operator) && !isFoldable(operator)) {
      throw unsupported(`operator ${quote(operator)}, expected one of ${[...operators.keys()].join(', ')}`);
    }
  }
  if (input === undefined || output === undefined || others.length > 0 || graph.outputs.length > 1) {
    throw unsupported(
      `a graph with ${graph.inputs.length} inputs and ${graph.outputs.length} outputs, expected one of each`,
    );
  }
  if (!FLOAT_TYPES.includes(input.type)) {
    throw unsupported(`an input of data type ${input.type}, expected floating-point numbers`);
  }
  const { dims, order } = openSizes(input.dims, options.resolution ?? DEFAULT_RESOLUTION);
  const shape = dims.every((size) => size > 0) ? mapOf(dims, order) : undefined;
  if (shape === undefined) {
    throw unsupported(`an input of ${input.dims.join('×')}, expected 1×channels×height×width (one picture)`);
  }
  const importer = new OnnxImporter(graph, {
    where,
    fileBytes: bytes.length,
    folder: options.folder,
    inputDims: new Map([[input.name, dims]]),
  });
  importer.builder.checkSize(shape, 'the input');
  const readers = importer.readers(input.name);
  importer.defineName(input.name, { kind: 'map', layer: NETWORK_INPUT, shape, dims, order, pads: undefined, readers });

  for (const node of graph.nodes) {
    importer.run(node, operators.get(node.operator) ?? refuseMap);
  }
  const sink = { name: '', operator: 'the output', inputs: [output], outputs: [], attributes: new Map() };
  return finishModel('onnx', importer.builder, shape, importer.map(sink), { quantised: importer.quantised });
}

/** For operators that are only understood on shapes and constants. */
const refuseMap: Handler = (importer, node) => {
  throw importer.unsupported(`${node.operator} of a map, expected it on shapes and constants only`);
};
