import { GraphBuilder } from '../../graph/builder.js';
import { GraphImporter, MAX_LIST } from '../../graph/graph-importer.js';
import type { ConstantValue, MapValue } from '../../graph/value.js';
import { ExternalFiles } from './external.js';
import type { OnnxGraph, OnnxNode } from './graph.js';
import { countValues, DATA_TYPE, type OnnxTensor, readValues } from './tensor.js';

/** The state of an import from ONNX. */
export class OnnxImporter extends GraphImporter<OnnxNode> {
  readonly opset: number;
  /** Some weights or maps are stored as integers. */
  quantised = false;
  readonly #files: ExternalFiles;

  /** `folder` is where files beside the model lie; undefined where there can be none. */
  constructor(graph: OnnxGraph, where: string, fileBytes: number, folder: string | undefined) {
    const files = new ExternalFiles(where, fileBytes, folder);
    const bytes = fileBytes + files.measure(graph.constants.values());
    super(new GraphBuilder(where, 4 * bytes), 'CHW', graph.nodes, graph.outputs);
    this.opset = graph.opset;
    this.#files = files;
    for (const [name, tensor] of graph.constants) this.defineName(name, this.constantOf(tensor));
  }

  attribute(node: OnnxNode, name: string, fallback: number): number {
    return node.attributes.get(name)?.integer ?? fallback;
  }

  constantOf(tensor: OnnxTensor): ConstantValue {
    countValues(tensor);
    if (tensor.type === DATA_TYPE.int8 || tensor.type === DATA_TYPE.uint8) this.quantised = true;
    let values: ArrayLike<number> | undefined;
    const read = () => {
      if (values !== undefined) return values;
      const numbers = readValues(tensor, (external) => this.#files.open(external));
      // Short lists are read again and again; long weights once.
      if (numbers.length <= MAX_LIST) values = numbers;
      return numbers;
    };
    return { kind: 'constant', dims: tensor.dims, read, stored: undefined, name: tensor.name };
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
