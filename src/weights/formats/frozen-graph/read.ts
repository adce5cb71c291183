import { damagedWeights, ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { sortByDependencies } from '../../graph/dependencies.js';
import type { ImportedModel } from '../../graph/imported-model.js';
import type { ConstantValue } from '../../graph/value.js';
import { importTensorflowGraph } from '../../tensorflow/import-graph.js';
import type { TensorflowNode } from '../../tensorflow/tensorflow-importer.js';
import { chooseOutput, nameOf } from './choose-output.js';
import { findPicture, isDecoder } from './find-picture.js';
import { type FrozenNode, readGraphDef } from './graph-def.js';
import { countValues, type FrozenTensor, readValues } from './tensor.js';
import { withoutDropout } from './without-dropout.js';

export interface FrozenGraphOptions {
  /** Side of the picture where the graph leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
  /** Which of several outputs has the classes. */
  readonly outputName?: string | undefined;
}

/**
 * Reads a frozen TensorFlow graph (a GraphDef whose variables are constants, as `freeze_graph`, `retrain.py` and
 * `convert_variables_to_constants` write it) as a network of this project's layers. Only what the output depends on is
 * looked at. The picture is a Placeholder, or what a decoder of files gives.
 * @param where the file's name, for messages
 * @throws ModelError `weights-damaged`, `weights-dtype`, or `operator-unsupported` with the operator's name
 */
export function readFrozenGraph(bytes: Uint8Array, where: string, options: FrozenGraphOptions = {}): ImportedModel {
  const whole = readGraphDef(bytes, where);
  const output = chooseOutput(whole, where, options.outputName);
  const needed = sortNeeded(withoutDropout(whole), output, where);
  const constants = new Map<string, ConstantValue>();
  const operations: TensorflowNode[] = [];
  for (const node of needed) {
    if (node.value !== undefined && node.op === 'Const') constants.set(node.name, constantOf(node.name, node.value));
    else operations.push(operationOf(node));
  }
  const picture = findPicture(operations, constants, where, options.resolution);
  // What a decoder reads is a file, and no part of the network.
  return importTensorflowGraph({ format: 'frozen-graph', where, nodes: operations, constants, picture, output });
}

function operationOf({ name, op, inputs, attributes }: FrozenNode): TensorflowNode {
  // Of several values only the first is read; the others are there for a gradient.
  if (op === 'IdentityN')
    return { name, operator: 'Identity', inputs: inputs.slice(0, 1).map(nameOf), outputs: [name], attributes };
  const isBatchNorm = /^FusedBatchNorm(V\d)?$/.test(op);
  return {
    name,
    operator: op,
    inputs: isDecoder(op) ? [] : inputs.map(nameOf),
    outputs: [name],
    // Left out, this attribute is true.
    attributes: isBatchNorm ? { is_training: { b: true }, ...attributes } : attributes,
  };
}

function constantOf(name: string, tensor: FrozenTensor): ConstantValue {
  countValues(tensor, name);
  return { kind: 'constant', dims: tensor.dims, read: () => readValues(tensor, name), stored: undefined, name };
}

/** What the output depends on, each after what it reads. */
function sortNeeded(nodes: ReadonlyMap<string, FrozenNode>, output: string, where: string): readonly FrozenNode[] {
  const readBy = (node: FrozenNode) => (isDecoder(node.op) ? [] : node.inputs.map((input) => sourceOf(node, input)));
  const sourceOf = (node: FrozenNode, input: string): FrozenNode => {
    const source = nodes.get(nameOf(input));
    if (source === undefined)
      throw damagedWeights(where, `${quoted(node.name)} reads ${quoted(input)}, which is missing`);
    const place = /:(\d+)$/.exec(input)?.[1] ?? '0';
    if (Number(place) === 0) return source;
    throw new ModelError('operator-unsupported', {
      where,
      problem: `${quoted(node.name)} reads output ${place} of ${source.op}`,
      expected: 'first outputs only',
    });
  };
  return sortByDependencies([nodes.get(output)!], readBy, ({ name }) =>
    damagedWeights(where, `${quoted(name)} depends on itself`),
  );
}
