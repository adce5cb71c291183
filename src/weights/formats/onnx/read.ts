import { ModelError } from '../../../errors/errors.js';
import { NETWORK_INPUT, type Shape } from '../../../networks/types.js';
import type { FileSource } from '../../../untrusted-data/files-beside.js';
import { finishModel } from '../../graph/finish.js';
import { quote } from '../../graph/graph-importer.js';
import type { ImportedModel } from '../../graph/imported-model.js';
import { mapOf } from '../../graph/value.js';
import { chooseOutput } from './choose-output.js';
import { isFoldable } from './fold.js';
import { fuseActivations, keepNeeded } from './fuse-activations.js';
import { type OnnxGraph, readGraph } from './graph.js';
import { type Handler, OnnxImporter } from './onnx-importer.js';
import { operators } from './operators.js';
import { findPicture, type PictureInput } from './picture-input.js';

export interface OnnxOptions {
  /** Where files beside the model lie; without it, weights in other files are refused. */
  readonly files?: FileSource | undefined;
  /** Side of the picture where the graph leaves it open; 224 by default. */
  readonly resolution?: number | undefined;
  /** Which of several outputs has the classes. */
  readonly outputName?: string | undefined;
}

const DEFAULT_RESOLUTION = 224;

/** Bytes as they are. */
const BYTES = { scale: 1, zeroPoint: 0 } as const;

/**
 * Reads an ONNX file (opset 7 to 23, as torch.onnx, tf2onnx and onnxruntime's quantiser write them) as a network of
 * this project's layers with f32 weights. Batch norms are folded with the graph's own epsilon; integer weights become
 * real numbers, and maps stored as integers are clipped to what those can hold, not rounded.
 *
 * @param where the file's name, for messages and for the network's provisional id
 * @throws ModelError `weights-damaged`, `weights-unsafe`, `weights-missing`, `weights-dtype`, or
 * `operator-unsupported` with the operator's name
 */
export function readOnnx(bytes: Uint8Array, where: string, options: OnnxOptions = {}): ImportedModel {
  const whole = readGraph(bytes, where);
  const resolution = options.resolution ?? DEFAULT_RESOLUTION;
  const [first] = whole.outputs;
  if (first === undefined) throw new ModelError('weights-damaged', { where, problem: 'a graph without outputs' });
  const output = chooseOutput(whole, where, () => dimsOf(findPicture(whole, where, resolution)), options.outputName);
  const graph = fuseActivations(keepNeeded({ ...whole, outputs: [output] }));
  refuseOperators(graph, where);
  const picture = findPicture(graph, where, resolution);
  const shape = shapeOf(picture, where);
  const importer = new OnnxImporter(graph, {
    where,
    fileBytes: bytes.length,
    files: options.files,
    inputDims: dimsOf(picture),
  });
  importer.builder.checkSize(shape, 'the input');
  const { name, dims, order } = picture;
  const readers = importer.readers(name);
  importer.defineName(name, { kind: 'map', layer: NETWORK_INPUT, shape, dims, order, pads: undefined, readers });
  for (const node of graph.nodes) importer.run(node, operators.get(node.operator) ?? refuseMap);
  const sink = { name: '', operator: 'the output', inputs: [output], outputs: [], attributes: new Map() };
  const finished = finishModel('onnx', importer.builder, shape, importer.map(sink), {
    quantised: importer.quantised,
    ...(picture.isBytes && { inputQuantisation: BYTES }),
  });
  return { ...finished, producer: originOf(whole) };
}

/** The program that made the network: a quantiser puts its own name into the file, and leaves those of operators. */
function originOf({ producer, nodes, constants }: OnnxGraph): string | undefined {
  if (producer !== '' && !/quanti|onnxruntime|optimi|simpl/i.test(producer)) return producer;
  const names = [...nodes.map(({ name }) => name), ...constants.keys()];
  if (names.some((name) => name.includes('StatefulPartitionedCall'))) return 'tf2onnx';
  if (names.some((name) => /^(\/\w+[\w.]*\/\w|onnx::)/.test(name))) return 'pytorch';
  return producer === '' ? undefined : producer;
}

function dimsOf({ name, dims }: PictureInput): ReadonlyMap<string, readonly number[]> {
  return new Map([[name, dims]]);
}

function refuseOperators({ nodes }: OnnxGraph, where: string): void {
  const unknown = nodes.filter(({ operator }) => !operators.has(operator) && !isFoldable(operator));
  const [first] = unknown;
  if (first === undefined) return;
  const others = new Set(unknown.map(({ operator }) => operator)).size - 1;
  throw new ModelError('operator-unsupported', {
    where,
    problem: `unsupported operator ${quote(first.operator)}${others > 0 ? ` and ${others} more` : ''}`,
  });
}

function shapeOf({ dims, order }: PictureInput, where: string): Shape {
  const shape = dims.every((size) => size > 0) ? mapOf(dims, order) : undefined;
  if (shape !== undefined) return shape;
  throw new ModelError('operator-unsupported', {
    where,
    problem: `an input of ${dims.join('×')}`,
    expected: '1×channels×height×width (one image)',
  });
}

/** For operators that are only understood on shapes and constants. */
const refuseMap: Handler = (importer, node) => {
  throw importer.unsupported(`${node.operator} of a map, expected it on shapes and constants only`);
};
