import type { FileSource } from '../../../untrusted-data/files-beside.js';
import { GraphBuilder, type Target } from '../../graph/builder.js';
import { GraphImporter } from '../../graph/graph-importer.js';
import { type ConstantValue, type MapValue, multiply, type Value } from '../../graph/value.js';
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
  readonly files: FileSource | undefined;
  /** Of the picture. */
  readonly inputDims: ReadonlyMap<string, readonly number[]>;
}

/** The state of an import from ONNX. */
export class OnnxImporter extends GraphImporter<OnnxNode> {
  readonly opset: number;
  /** Some weights or maps are stored as integers. */
  quantised = false;
  readonly #facts: OnnxFacts;
  readonly #graph: OnnxGraph;

  constructor(graph: OnnxGraph, { where, fileBytes, files: source, inputDims }: OnnxImporterOptions) {
    const files = new ExternalFiles(where, fileBytes, source);
    const bytes = fileBytes + files.measure(graph.constants.values());
    super(new GraphBuilder(where, 4 * bytes), 'CHW', graph.nodes, graph.outputs);
    this.opset = graph.opset;
    this.#graph = graph;
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
    let isConstant = true;
    for (const [index, name] of node.outputs.entries()) {
      const constant = this.#facts.constantOf(name);
      if (constant !== undefined) this.define(node, constant, index);
      else if (name !== '') isConstant = false;
    }
    if (!isConstant) handle(this, node);
  }

  /** A map, whose dimensions must be those of its layer. */
  override define(node: OnnxNode, value: Value, output = 0): void {
    if (value.kind === 'map' && value.pads === undefined) {
      const { height, width, channels } = value.shape;
      if (multiply(value.dims) !== height * width * channels) {
        const found = `${height}×${width}×${channels} values as ${value.dims.join('×')}`;
        throw this.damaged(`${node.operator} gives ${found}, expected as many`);
      }
    }
    super.define(node, value, output);
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
  outputTarget(node: OnnxNode, order: MapValue['order'] = 'CHW', weights?: ConstantValue, output = 0): Target {
    const target = this.target(node, this.outputDims(node, output), order, weights);
    return { ...target, readers: this.readers(node.outputs[output] ?? '') };
  }

  /** The operators that read a name. */
  readersOf(name: string | undefined): readonly OnnxNode[] {
    return this.#graph.nodes.filter(({ inputs }) => name !== undefined && inputs.includes(name));
  }

  /** The operator that computes a name. */
  sourceOf(name: string | undefined): OnnxNode | undefined {
    return this.#graph.nodes.find(({ outputs }) => name !== undefined && outputs.includes(name));
  }
}
