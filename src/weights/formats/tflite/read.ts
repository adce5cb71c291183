import { finishModel } from '../../graph/finish.js';
import type { ImportedModel, InputQuantisation } from '../../graph/imported-model.js';
import type { MapValue } from '../../graph/value.js';
import { TfliteGraph, type TfliteTensor } from './graph.js';
import { nameTensor, TfliteImporter, type TfliteNode } from './importer.js';
import { operators } from './operators.js';
import { TENSOR_TYPE } from './schema.js';

/**
 * Reads a TFLite file as a network of this project's layers with f32 weights.
 *
 * Integer weights (UINT8 with one scale, INT8 with one for each output channel) become real numbers; where the file
 * computes in integers, layers are clipped to the values that those can represent, not rounded to them. Padding
 * becomes four numbers for each layer. A graph that ends in logits (a linear layer on a 1 × 1 map that may be
 * negative) gets a softmax; one that ends in pooling or an activation is a feature extractor and stays as it is.
 *
 * @param where the file's name, for messages and for the network's provisional id
 * @throws ModelError `weights-damaged` where the file contradicts itself, `operator-unsupported` (with the operator's
 * name) where it asks for something that the layers of `networks/types.ts` cannot say, `weights-format` for another
 * version of the schema
 */
export function readTflite(bytes: Uint8Array, where: string): ImportedModel {
  const graph = new TfliteGraph(bytes, where);
  const nodes = readNodes(graph);
  const [inputTensor, outputTensor] = [graph.input(), graph.output()];
  const importer = new TfliteImporter(graph, bytes.length, nodes, [outputTensor]);
  const input = importer.begin(inputTensor);
  for (const node of nodes) operators.get(node.operator)!(importer, node);
  return finishModel('tflite', importer.builder, input.shape, outputOf(importer, outputTensor), {
    quantised: importer.quantised,
    inputQuantisation: readInputQuantisation(inputTensor, nodes),
  });
}

/** All operations; of everything that can be wrong with a file, one that is not understood tells its user the most. */
function readNodes(graph: TfliteGraph): TfliteNode[] {
  for (let index = 0; index < graph.operatorCount; index++) {
    const { name } = graph.operation(index);
    if (!operators.has(name)) {
      throw graph.unsupported(`operator ${name}, expected one of ${[...operators.keys()].join(', ')}`);
    }
  }
  return Array.from({ length: graph.operatorCount }, (_, index) => {
    const { name, inputs, outputs, options } = graph.operation(index);
    const named = (tensor: TfliteTensor | undefined) => (tensor === undefined ? '' : nameTensor(tensor));
    return {
      ...{ name: '', operator: name, options },
      ...{ inputs: inputs.map(named), outputs: outputs.map(named), operands: inputs, results: outputs },
    };
  });
}

function outputOf(importer: TfliteImporter, tensor: TfliteTensor): MapValue {
  const name = nameTensor(tensor);
  const node = { name, operator: 'the output', inputs: [name], outputs: [], operands: [tensor], results: [] };
  return importer.map({ ...node, options: () => undefined });
}

/** Of the input, or of what the graph's first operator makes of it. */
function readInputQuantisation(input: TfliteTensor, nodes: readonly TfliteNode[]): InputQuantisation | undefined {
  if (input.quantisation !== undefined) return quantisationOf(input);
  const quantize = nodes.find(({ operator, operands }) => operator === 'QUANTIZE' && operands[0] === input);
  const [quantised] = quantize?.results ?? [];
  return quantised && quantisationOf(quantised);
}

/** INT8 pixels are bytes less 128. */
function quantisationOf({ quantisation, type }: TfliteTensor): InputQuantisation | undefined {
  if (quantisation === undefined) return undefined;
  const offset = type === TENSOR_TYPE.int8 ? 128 : 0;
  return { scale: quantisation.scale(0), zeroPoint: quantisation.zeroPoint(0) + offset };
}
