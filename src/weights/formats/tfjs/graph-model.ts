import { join } from 'node:path';
import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { NETWORK_INPUT } from '../../../networks/types.js';
import { sortByDependencies } from '../../graph/dependencies.js';
import { finishModel } from '../../graph/finish.js';
import { type ImportedModel, sanitiseName } from '../../graph/imported-model.js';
import { readTfjs, type TfjsModel } from './model-folder.js';
import { operators } from './operators.js';
import { TfjsImporter, type TfjsNode } from './tfjs-importer.js';

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
  const output = nodes.at(-1)!.name;
  const importer = new TfjsImporter(model, nodes, output, where);
  for (const { operator } of nodes) {
    if (operator !== 'Placeholder' && !operators.has(operator)) {
      throw importer.unsupported(`operator ${quoted(operator)}, expected one of ${[...operators.keys()].join(', ')}`);
    }
  }
  const inputs = nodes.filter((node) => node.operator === 'Placeholder');
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    throw importer.unsupported(`a graph with ${inputs.length} inputs, expected one`);
  }
  const shape = readInputShape(input, options.resolution ?? DEFAULT_RESOLUTION);
  if (shape === undefined) throw importer.unsupported('an input that is no image, expected 1×height×width×channels');
  importer.builder.checkSize(shape, 'the input');
  const { height, width, channels } = shape;
  importer.defineName(input.name, {
    kind: 'map',
    layer: NETWORK_INPUT,
    shape,
    dims: [1, height, width, channels],
    order: 'HWC',
    pads: undefined,
    readers: importer.readers(input.name),
  });
  for (const node of nodes) operators.get(node.operator)?.(importer, node);
  const sink = { name: '', operator: 'the output', inputs: [output], outputs: [], attributes: {} };
  const imported = finishModel('tfjs', importer.builder, shape, importer.map(sink), { quantised: false });
  return { ...imported, network: { ...imported.network, id: nameAfterFolder(where) } };
}

/** `FOLDER/model.json` goes by its folder's name. */
function nameAfterFolder(where: string): string {
  return sanitiseName(where.split(/[/\\]/).at(-2) ?? 'model');
}

/** Nodes that the graph's only output depends on, each after what it reads; constants are left out. */
function sortNodes({ nodes, tensors, integers }: TfjsModel, where: string): TfjsNode[] {
  if (nodes.length > MAX_NODES) {
    throw new ModelError('weights-damaged', {
      where,
      problem: `${nodes.length} operators`,
      expected: `at most ${MAX_NODES}`,
    });
  }
  const byName = new Map<string, TfjsNode>();
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
  const readBy = (node: TfjsNode) =>
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

function readInputShape(node: TfjsNode, resolution: number) {
  const attribute = node.attributes.shape as { shape?: { dim?: unknown } } | undefined;
  const dims = attribute?.shape?.dim;
  if (!Array.isArray(dims) || dims.length !== 4) return undefined;
  const sizes = dims.map((dim: unknown) => Number((dim as { size?: unknown } | null)?.size));
  const [batch, height, width, channels] = sizes.map((size, axis) => {
    if (size !== -1) return size;
    return axis === 0 ? 1 : axis === 3 ? 3 : resolution;
  }) as [number, number, number, number];
  if (batch !== 1 || ![height, width, channels].every((size) => Number.isSafeInteger(size) && size > 0))
    return undefined;
  return { height, width, channels };
}
