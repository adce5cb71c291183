import { GraphBuilder, type Target } from '../../graph/builder.js';
import { GraphImporter } from '../../graph/graph-importer.js';
import type { ConstantValue, MapValue } from '../../graph/value.js';
import { ExternalFiles } from './external.js';
import { OnnxFacts } from './facts.js';
import type { OnnxGraph, OnnxNode } from './graph.js';
import type { KnownInputs } from './infer-shapes.js';
import { DATA_TYPE } from './tensor.js';

/** Makes layers of one operator. */
export type Handler = (importer: OnnxImporter, node: OnnxNode) => void;

export interface OnnxImporterOptions {
  readonly where: string;
  readonly fileBytes: number;
  /** Where files beside the model lie; undefined where there can be none. */
  readonly folder: string | undefined;
  /** Of the picture. */
  readonly inputDims: ReadonlyMap<string, readonly number[]>;
}

/** The state of an import from ONNX. */
export class OnnxImporter extends GraphImporter<OnnxNode> {
  readonly opset: number;
  /** Some weights or maps are stored as integers. */
  quantised = false;
  readonly #facts: OnnxFacts;

  constructor(graph: OnnxGraph, { where, fileBytes, folder, inputDims }: OnnxImporterOptions) {
    const files = new ExternalFiles(where, fileBytes, folder);
    const bytes = fileBytes + files.measure(graph.constants.values());
    super(new GraphBuilder(where, 4 * bytes), 'CHW', graph.nodes, graph.outputs);
    this.opset = graph.opset;
    this.#facts = new OnnxFacts(graph, where, {
      inputs: inputDims,
      open: (external) => files.open(external),
      largestComputed: Number.POSITIVE_INFINITY,
    });
    for (const [name, { type }] of graph.constants) {
      const constant = this.#facts.constantOf(name);
      if (type === DATA_TYPE.int8 || type === DATA_TYPE.uint8) this.quantised = true;
      if (constant !== undefined) this.defineName(name, constant);
    }
  }

  /** Makes what the node computes: constants at once, layers by `handle`. */
  run(node: OnnxNode, handle: Handler): void {
    this.#facts.follow(node);
    const constants = node.outputs.map((name) => this.#facts.constantOf(name));
    if (!constants.every((constant) => constant !== undefined)) {
      handle(this, node);
      return;
    }
    for (const [index, constant] of constants.entries()) {
      if (node.outputs[index] !== '') this.define(node, constant, index);
    }
  }

  attribute(node: OnnxNode, name: string, fallback: number): number {
    return node.attributes.get(name)?.integer ?? fallback;
  }

  known(node: OnnxNode): KnownInputs {
    return this.#facts.inputsOf(node);
  }

  /** The data type that a constant is stored in; undefined for what is computed or absent. */
  typeOf(node: OnnxNode, index: number): number | undefined {
    return this.#facts.constantOf(node.inputs[index])?.type;
  }

  /** The dimensions of one of the node's outputs. */
  outputDims(node: OnnxNode, output = 0): readonly number[] {
    const dims = this.#facts.dimsOf(node.outputs[output]);
    if (dims !== undefined) return dims;
    const known = this.#facts.inputsOf(node);
    const inputs = node.inputs.map((_, index) => known.dims(index)?.join('×') ?? 'unknown size');
    throw this.unsupported(
      `${node.operator} of ${inputs.join(', ')}, whose output's shape does not follow from the file`,
    );
  }

  /** What a layer made by `node` is called; its dimensions follow from the graph. */
  outputTarget(node: OnnxNode, order: MapValue['order'] = 'CHW', weights?: ConstantValue): Target {
    return this.target(node, this.outputDims(node), order, weights);
  }
}

/** The picture's map, where the input is one: sizes left open are 1 for the batch and `resolution` for the sides. */
export function openSizes(dims: readonly number[], resolution: number): { dims: number[]; order: MapValue['order'] } {
  const order = dims.length === 4 && (dims[3] === 3 || dims[3] === 1) && dims[1] !== 3 && dims[1] !== 1 ? 'HWC' : 'CHW';
  const channelAxis = order === 'CHW' ? 1 : 3;
  const settled = dims.map((size, axis) => {
    if (size !== -1) return size;
    if (axis === 0) return 1;
    return dims.length === 4 ? (axis === channelAxis ? 3 : resolution) : size;
  });
  return { dims: settled, order };
}
