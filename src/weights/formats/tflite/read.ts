import { chooseOutput, finishModel } from '../../graph/finish.js';
import type { ImportedModel, InputQuantisation } from '../../graph/imported-model.js';
import { TfliteGraph, type TfliteTensor } from './graph.js';
import { nameTensor, TfliteImporter, type TfliteNode } from './importer.js';
import { endsOf, quantisationOf, rangeOfMetadata, rangeOfScale } from './input-range.js';
import { readMetadata } from './metadata.js';
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
  const [inputTensor, outputTensors] = [graph.input(), graph.outputs()];
  const importer = new TfliteImporter(graph, bytes.length, nodes, outputTensors);
  const inputQuantisation = readInputQuantisation(inputTensor, nodes);
  const { builder } = importer;
  // Before the graph is followed: it decides where the picture is cut off.
  const { normalisation } = readMetadata(graph, bytes, 0);
  const inputRange =
    (normalisation && rangeOfMetadata(normalisation, inputQuantisation)) ??
    (inputQuantisation && rangeOfScale(inputQuantisation));
  const cutOff = inputRange && inputQuantisation && endsOf(inputQuantisation);
  const input = importer.begin(inputTensor, cutOff);
  for (const node of nodes) operators.get(node.operator)!(importer, node);
  const outputs = outputTensors.map((tensor) => ({ name: tensor.name, value: importer.outputValue(tensor) }));
  const output = chooseOutput(builder, outputs);
  const { labelFile, missingLabelFile } = readMetadata(
    graph,
    bytes,
    outputs.findIndex(({ value }) => value === output),
  );
  const facts = { quantised: importer.quantised, inputQuantisation, inputRange, labelFile, missingLabelFile };
  return finishModel('tflite', builder, input.shape, output, facts);
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

/** Of the input, or of what the graph's first operator makes of it. */
function readInputQuantisation(input: TfliteTensor, nodes: readonly TfliteNode[]): InputQuantisation | undefined {
  if (input.type !== TENSOR_TYPE.float32) return quantisationOf(input);
  const quantize = nodes.find(({ operator, operands }) => operator === 'QUANTIZE' && operands[0] === input);
  const [quantised] = quantize?.results ?? [];
  return quantised && quantisationOf(quantised);
}
