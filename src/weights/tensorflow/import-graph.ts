import { NETWORK_INPUT } from '../../networks/types.js';
import { finishModel } from '../graph/finish.js';
import { quote } from '../graph/graph-importer.js';
import type { ImportedModel } from '../graph/imported-model.js';
import { type ConstantValue, multiply } from '../graph/value.js';
import { foldConstants, isFoldable } from './fold-constants.js';
import { operators } from './operators.js';
import type { TensorflowPicture } from './picture.js';
import { TensorflowImporter, type TensorflowNode } from './tensorflow-importer.js';

/** A graph of TensorFlow's operators, from whatever file. */
export interface TensorflowGraph {
  readonly format: ImportedModel['format'];
  readonly where: string;
  /** What the output depends on, each after what it reads; without constants. */
  readonly nodes: readonly TensorflowNode[];
  readonly constants: ReadonlyMap<string, ConstantValue>;
  readonly picture: TensorflowPicture;
  readonly output: string;
}

/** Bytes as they are. */
const BYTES = { scale: 1, zeroPoint: 0 } as const;

/**
 * Makes this project's layers of a graph. SAME becomes four numbers, batch norms are folded, a graph that ends in logits
 * gets a softmax.
 * @throws ModelError `operator-unsupported` with the operator's name
 */
export function importTensorflowGraph({
  format,
  where,
  nodes,
  constants,
  picture,
  output,
}: TensorflowGraph): ImportedModel {
  let values = 0;
  for (const { dims } of constants.values()) values += multiply(dims);
  const importer = new TensorflowImporter(nodes, output, where, 16 * values);
  for (const [name, constant] of constants) importer.defineName(name, constant);
  refuseUnknown(importer, nodes, picture);
  definePicture(importer, picture);
  for (const node of nodes) {
    if (node.name === picture.name) continue;
    const folded = foldConstants(importer, node);
    if (folded !== undefined) importer.define(node, folded);
    else (operators.get(node.operator) ?? refuseMap)(importer, node);
  }
  const sink = { name: '', operator: 'the output', inputs: [output], outputs: [], attributes: {} };
  const { height, width, channels } = picture;
  return finishModel(format, importer.builder, { height, width, channels }, importer.map(sink), {
    quantised: false,
    ...(picture.isBytes && { inputQuantisation: BYTES }),
  });
}

function refuseUnknown(
  importer: TensorflowImporter,
  nodes: readonly TensorflowNode[],
  { name }: TensorflowPicture,
): void {
  const unknown = new Set(
    nodes
      .filter((node) => node.name !== name && !operators.has(node.operator) && !isFoldable(node.operator))
      .map(({ operator }) => operator),
  );
  const [first] = unknown;
  if (first === undefined) return;
  const others = unknown.size > 1 ? ` and ${unknown.size - 1} more` : '';
  throw importer.unsupported(`operator ${quote(first)}${others}, expected one of ${[...operators.keys()].join(', ')}`);
}

function definePicture(importer: TensorflowImporter, { name, height, width, channels, rank }: TensorflowPicture): void {
  const shape = { height, width, channels };
  importer.builder.checkSize(shape, 'the input');
  importer.defineName(name, {
    ...{ kind: 'map', layer: NETWORK_INPUT, shape, order: 'HWC', pads: undefined },
    dims: rank === 3 ? [height, width, channels] : [1, height, width, channels],
    readers: importer.readers(name),
  });
}

/** For operators that are only understood on constants. */
function refuseMap(importer: TensorflowImporter, node: TensorflowNode): never {
  throw importer.unsupported(`${node.operator} of a map, expected it on constants only`);
}
