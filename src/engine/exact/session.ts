import { elementAt } from '../../errors/element-at.js';
import { ModelError } from '../../errors/errors.js';
import type { QuantisedGraph, QuantisedMap } from '../../weights/quantised-graph.js';
import { align, place, type Span } from '../arena.js';
import { bindKernels, createMemory, loadKernels } from '../kernels.js';
import { clampInteger } from './multiplier.js';
import { type ExactConstants, roundUp } from './pack.js';
import { countValues, prepareStep } from './steps.js';

export interface ExactSessionOptions {
  /** The graph ends in logits: what `run` gives of them. */
  readonly added?: 'softmax' | 'sigmoid' | undefined;
}

/** A quantised network in memory, computed in the integers of TFLite's reference kernels. */
export interface ExactSession {
  /** Write the prepared picture here, height × width × channels real values, then `run`. */
  readonly input: Float32Array;
  /** Real values of the output, one for each class, in an array of its own. */
  run(): Float32Array;
  /** Stored bytes to stored bytes (a signed value's two's complement), height × width × channels. */
  runStored(input: Uint8Array): Uint8Array;
  /** Nothing is held but memory. */
  close(): void;
}

const MOST_BYTES = 2 ** 29;

/** Throws ModelError where the graph's scales cannot be computed with, or its maps are too large. */
export async function createExactSession(
  graph: QuantisedGraph,
  { added }: ExactSessionOptions = {},
): Promise<ExactSession> {
  const kernels = await loadKernels();
  const { constants } = kernels;
  const steps = graph.layers.map((layer) => prepareStep(graph, layer, constants));
  let next = align(constants.heapBase);
  const weights = steps.map(({ weightBytes }) => {
    const address = next;
    next += align(weightBytes);
    return address;
  });
  const arena = place(listSpans(graph, steps, constants));
  if (next + arena.bytes > MOST_BYTES) {
    throw new ModelError('network-unsupported', {
      where: graph.where,
      problem: `needs ${next + arena.bytes} bytes`,
      expected: `at most ${MOST_BYTES}`,
    });
  }
  const memory = createMemory(next + arena.bytes);
  const bound = bindKernels(kernels, memory);
  const locate = (name: string) => next + (arena.offsets.get(name) ?? 0);
  const runs = steps.map((step, index) => {
    const { inputs, output } = elementAt(graph.layers, index);
    return step.bind(bound, memory.buffer, {
      inputs: inputs.map((map) => locate(nameMap(map))),
      output: locate(nameMap(output)),
      weights: elementAt(weights, index),
      scratch: locate(nameScratch(index)),
    });
  });

  const view = (map: number) =>
    new Int16Array(memory.buffer, locate(nameMap(map)), countValues(elementAt(graph.maps, map), constants));
  const [from, to] = [elementAt(graph.maps, graph.input), elementAt(graph.maps, graph.output)];
  const [inputValues, outputValues] = [view(graph.input), view(graph.output)];
  const runStored = (bytes: Uint8Array): Uint8Array => {
    writeStored(inputValues, from, roundUp(from.shape.channels, constants), bytes);
    for (const run of runs) run();
    return readStored(outputValues, to, roundUp(to.shape.channels, constants));
  };
  const input = new Float32Array(from.shape.height * from.shape.width * from.shape.channels);
  return {
    input,
    runStored,
    close() {},
    run() {
      const values = dequantise(to, runStored(quantise(from, input)));
      if (added === 'sigmoid') return values.map((value) => 1 / (1 + Math.exp(-value)));
      return added === 'softmax' ? softmaxReal(values) : values;
    },
  };
}

function listSpans(
  graph: QuantisedGraph,
  steps: readonly { readonly scratchBytes: number }[],
  constants: ExactConstants,
): Span[] {
  const written = new Map([[graph.input, 0]]);
  const read = new Map([[graph.output, graph.layers.length - 1]]);
  const scratch: Span[] = [];
  for (const [index, { inputs, output }] of graph.layers.entries()) {
    written.set(output, index);
    for (const map of inputs) read.set(map, Math.max(read.get(map) ?? 0, index));
    const bytes = elementAt(steps, index).scratchBytes;
    if (bytes > 0) scratch.push({ name: nameScratch(index), bytes, from: index, to: index });
  }
  const maps = [...written].map(([map, first]) => ({
    name: nameMap(map),
    bytes: countValues(elementAt(graph.maps, map), constants) * 2,
    from: first,
    to: read.get(map) ?? first,
  }));
  return [...maps, ...scratch];
}

function nameMap(map: number): string {
  return `map ${map}`;
}

function nameScratch(step: number): string {
  return `scratch ${step}`;
}

/** A byte that stores a value of either type, as the value. */
function signExtend(byte: number, signed: boolean): number {
  return signed ? (byte << 24) >> 24 : byte;
}

/** @param stride values from one pixel to the next */
function writeStored(
  values: Int16Array,
  { shape, zeroPoint, signed }: QuantisedMap,
  stride: number,
  bytes: Uint8Array,
): void {
  const { height, width, channels } = shape;
  if (stride !== channels) values.fill(0);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      values[pixel * stride + channel] = signExtend(bytes[pixel * channels + channel]!, signed) - zeroPoint;
    }
  }
}

function readStored(values: Int16Array, { shape, zeroPoint }: QuantisedMap, stride: number): Uint8Array {
  const { height, width, channels } = shape;
  const bytes = new Uint8Array(height * width * channels);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = values[Math.floor(index / channels) * stride + (index % channels)]! + zeroPoint;
  }
  return bytes;
}

/** Halves away from 0, as TFLite rounds; not a number is stored as 0. */
function quantise({ scale, zeroPoint, signed }: QuantisedMap, values: Float32Array): Uint8Array {
  const [low, high] = signed ? [-128, 127] : [0, 255];
  const inStored = (value: number) => {
    const ratio = Math.fround(value / scale);
    const rounded = Math.sign(ratio) * Math.floor(Math.abs(ratio) + 0.5);
    return clampInteger((Number.isNaN(rounded) ? 0 : rounded) + zeroPoint, low, high);
  };
  return Uint8Array.from(values, inStored);
}

function dequantise({ scale, zeroPoint, signed }: QuantisedMap, bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => scale * (signExtend(byte, signed) - zeroPoint));
}

function softmaxReal(logits: Float32Array): Float32Array {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return Float32Array.from(powers, (value) => value / sum);
}
