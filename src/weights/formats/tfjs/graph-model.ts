import { join } from 'node:path';
import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { sortByDependencies } from '../../graph/dependencies.js';
import { type ImportedModel, sanitiseName } from '../../graph/imported-model.js';
import type { ConstantValue } from '../../graph/value.js';
import { toFloat32 } from '../../half.js';
import { importTensorflowGraph } from '../../tensorflow/import-graph.js';
import { readPicture } from '../../tensorflow/picture.js';
import type { TensorflowNode } from '../../tensorflow/tensorflow-importer.js';
import { readTfjs, type TfjsModel } from './model-folder.js';

export interface TfjsGraphOptions {
  /** Side of the picture where the graph leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
}

const DEFAULT_RESOLUTION = 224;
const MAX_NODES = 20_000;

/**
 * Reads a TensorFlow.js graph-model (a folder with `model.json` and its shards) as a network of this project's layers.
 * SAME becomes four numbers, batch norms are folded, a graph that ends in logits gets a softmax.
 *
 * @param folder as given by the user; also the name in messages
 * @throws ModelError as `readTfjs` does, and `operator-unsupported` with the operator's name; `weights-format` for a
 * layers-model, whose topology is no graph
 */
export function readTfjsGraph(folder: string, options: TfjsGraphOptions = {}): ImportedModel {
  return importTfjsGraph(readTfjs(folder), join(folder, 'model.json'), options);
}

/** What `readTfjsGraph` does, for a model that has been read already. `where` is its model.json's path. */
export function importTfjsGraph(model: TfjsModel, where: string, options: TfjsGraphOptions = {}): ImportedModel {
  if (model.nodes.length === 0)
    throw new ModelError('weights-format', { where, problem: 'no graph', expected: 'a graph-model' });
  const nodes = sortNodes(model, where);
  const inputs = nodes.filter((node) => node.operator === 'Placeholder');
  const [input] = inputs;
  const picture = input && readPicture(input, options.resolution ?? DEFAULT_RESOLUTION);
  if (inputs.length !== 1 || picture === undefined) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: inputs.length === 1 ? 'an input that is no image' : `a graph with ${inputs.length} inputs`,
      expected: inputs.length === 1 ? '1×height×width×channels' : 'one',
    });
  }
  const constants = constantsOf(model);
  const imported = importTensorflowGraph({
    format: 'tfjs',
    where,
    nodes,
    constants,
    picture,
    output: nodes.at(-1)!.name,
  });
  return { ...imported, network: { ...imported.network, id: nameAfterFolder(where) } };
}

function constantsOf({ tensors, integers }: TfjsModel): ReadonlyMap<string, ConstantValue> {
  const constants = new Map<string, ConstantValue>();
  for (const [name, { shape, data }] of tensors) {
    constants.set(name, { kind: 'constant', dims: shape, read: () => toFloat32(data), stored: undefined, name });
  }
  for (const [name, { shape, data }] of integers) {
    constants.set(name, { kind: 'constant', dims: shape, read: () => data, stored: undefined, name });
  }
  return constants;
}

/** `FOLDER/model.json` goes by its folder's name. */
function nameAfterFolder(where: string): string {
  return sanitiseName(where.split(/[/\\]/).at(-2) ?? 'model');
}

/** Nodes that the graph's only output depends on, each after what it reads; constants are left out. */
function sortNodes({ nodes, tensors, integers }: TfjsModel, where: string): TensorflowNode[] {
  if (nodes.length > MAX_NODES) {
    throw new ModelError('weights-damaged', {
      where,
      problem: `${nodes.length} operators`,
      expected: `at most ${MAX_NODES}`,
    });
  }
  const byName = new Map<string, TensorflowNode>();
  const read = new Set<string>();
  for (const { name, op, inputs, attributes } of nodes) {
    if (op === 'Const' || op === 'NoOp') continue;
    if (byName.has(name)) throw new ModelError('weights-damaged', { where, problem: `two operators ${quoted(name)}` });
    byName.set(name, { name, operator: op, inputs, outputs: [name], attributes });
    for (const input of inputs) read.add(input);
  }
  const ends = [...byName.values()].filter(({ name }) => !read.has(name));
  if (ends.length !== 1) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: `a graph with ${ends.length} outputs`,
      expected: 'one',
    });
  }
  const readBy = (node: TensorflowNode) =>
    node.inputs.flatMap((name) => {
      const next = byName.get(name);
      if (next !== undefined) return [next];
      if (tensors.has(name) || integers.has(name)) return [];
      const problem = `${quoted(node.name)} reads ${quoted(name)}, which is missing`;
      throw new ModelError('weights-damaged', { where, problem });
    });
  return sortByDependencies(ends, readBy, ({ name }) => {
    return new ModelError('weights-damaged', { where, problem: `${quoted(name)} depends on itself` });
  });
}
