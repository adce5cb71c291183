import { elementAt } from '../../errors/element-at.js';
import { ModelError } from '../../errors/errors.js';
import { NETWORK_INPUT } from '../../networks/types.js';
import type { QuantisedGraph } from '../../weights/quantised-graph.js';
import { align, place, type Span } from '../arena.js';
import type { LoweredStep } from '../kernel-calls.js';
import type { KernelModule } from '../kernels.js';
import { type Plan, type PlanOptions, pictureBytes, placeStep } from '../plan.js';
import type { FoldableWeights, Preparation } from '../preparation.js';
import { type ExactConstants, readExactConstants } from './constants.js';
import { type ExactContext, isBare, lowerExact, nameMap, zeroOf } from './lower.js';
import { type ExactTarget, roundUp } from './pack.js';

/** A quantised network, computed in the integers of TFLite's reference kernels. */
export interface ExactNetwork {
  readonly graph: QuantisedGraph;
  /** What is to be computed of the graph's outputs, where it ends in logits. */
  readonly added?: 'softmax' | 'sigmoid' | undefined;
  /** The name by which the output can be kept. */
  readonly output?: string;
}

/** What is packed comes with the network. */
export const NO_WEIGHTS: FoldableWeights = { weights: new Map(), epsilon: 0 };

interface Parameters {
  readonly address: number;
  write(target: ExactTarget): void;
}

/** Scratch memory of the step with this index, for each thread. */
interface Scratch {
  readonly step: number;
  readonly name: string;
  readonly bytes: number;
}

interface Lowered {
  readonly steps: readonly LoweredStep[];
  readonly parameters: readonly Parameters[];
  /** Where the parameters end. */
  readonly end: number;
  readonly scratches: readonly Scratch[];
  readonly storedChannels: (map: number) => number;
}

const OUTPUT = 'output';
/** Floats that a kernel may write behind those that it is asked for. */
const OUTPUT_SLACK = 8;
const MOST_BYTES = 2 ** 29;

/** @throws ModelError where the graph's scales cannot be computed with; from `plan` where its maps are too large */
export function prepareExact(network: ExactNetwork, kernels: KernelModule): Preparation {
  const lowered = lower(network, kernels);
  return {
    plan: (options) => planExact(network.graph, lowered, options),
    stagingBytes: () => 0,
    pack(_layout, _source, { memory }) {
      for (const { address, write } of lowered.parameters) write({ memory, address });
    },
  };
}

/** Steps 0 and from `layers.length` + 1 on are conversions between floats and bytes. */
function lower({ graph, added }: ExactNetwork, kernels: KernelModule): Lowered {
  const constants = readExactConstants(kernels);
  const parameters: Parameters[] = [];
  const scratches: Scratch[] = [];
  const storedChannels = channelStorage(graph, constants);
  let end = align(kernels.constants.heapBase);
  const contextOf = (step: number): ExactContext => ({
    graph,
    kernels,
    constants,
    storedChannels,
    addParameters(bytes, write) {
      const address = end;
      end += align(bytes);
      parameters.push({ address, write });
      return address;
    },
    scratch(bytes) {
      const name = `scratch ${step}`;
      scratches.push({ step, name, bytes });
      return { value: name };
    },
  });
  const layers = graph.layers.map((layer, index) => ({
    layer: `${layer.kind} ${index}`,
    ...lowerExact(layer, contextOf(index + 1)),
  }));
  const steps = [
    storePicture(graph, storedChannels(graph.input)),
    ...layers,
    ...readOutput(graph, storedChannels(graph.output), added, kernels),
  ];
  return { steps, parameters, end, scratches, storedChannels };
}

function storePicture({ maps, input }: QuantisedGraph, stored: number): LoweredStep {
  const map = elementAt(maps, input);
  const { height, width, channels } = map.shape;
  const values = { output: { value: nameMap(input) }, input: { value: NETWORK_INPUT } };
  const args = { ...values, pixels: height * width, channels, stored, scale: map.scale, zero: zeroOf(map) };
  return { layer: 'quantise', kernel: 'exact_quantise_u8', args };
}

function readOutput(
  { maps, output }: QuantisedGraph,
  stored: number,
  added: ExactNetwork['added'],
  { constants }: KernelModule,
): LoweredStep[] {
  const map = elementAt(maps, output);
  const { height, width, channels } = map.shape;
  const to = { value: OUTPUT };
  const args = { output: to, input: { value: nameMap(output) }, pixels: height * width, channels, stored };
  const steps: LoweredStep[] = [
    { layer: 'dequantise', kernel: 'exact_dequantise_u8', args: { ...args, scale: map.scale, zero: zeroOf(map) } },
  ];
  const inPlace = { output: to, input: to, count: height * width * channels };
  if (added === 'softmax') steps.push({ layer: added, kernel: 'softmax_rounded_f32', args: inPlace });
  if (added === 'sigmoid') {
    const curve = { activation: constants.activations.sigmoid, first: 0, second: 0 };
    steps.push({ layer: added, kernel: 'activate_rounded_f32', args: { ...inPlace, ...curve } });
  }
  return steps;
}

/**
 * Pixels are channels rounded up to whole tiles, but for the picture's where nothing but windows are read of it, whose bytes then
 * lie side by side.
 */
function channelStorage(graph: QuantisedGraph, constants: ExactConstants): (map: number) => number {
  const dense = new Set<number>();
  const isDense = (map: number): boolean =>
    graph.layers.every((layer) => {
      if (!layer.inputs.includes(map)) return true;
      if (layer.kind === 'rescale') return isDense(layer.output);
      return layer.kind === 'conv' && !isBare(layer);
    });
  if (graph.input !== graph.output && isDense(graph.input)) {
    dense.add(graph.input);
    for (const { kind, inputs, output } of graph.layers) {
      if (kind === 'rescale' && dense.has(elementAt(inputs, 0))) dense.add(output);
    }
  }
  if (dense.has(graph.output)) dense.clear();
  return (map) => {
    const { channels } = elementAt(graph.maps, map).shape;
    return dense.has(map) ? channels : roundUp(channels, constants);
  };
}

function planExact(graph: QuantisedGraph, lowered: Lowered, { threads = 1, shift = 0, keep = [] }: PlanOptions): Plan {
  const { steps, end, scratches, storedChannels } = lowered;
  const last = steps.length - 1;
  const [from, to] = [elementAt(graph.maps, graph.input).shape, elementAt(graph.maps, graph.output).shape];
  const [inputs, outputs] = [from, to].map(({ height, width, channels }) => height * width * channels) as [
    number,
    number,
  ];
  const arena = place([
    { name: NETWORK_INPUT, bytes: pictureBytes(inputs), from: 0, to: 0 },
    ...spansOfMaps(graph, storedChannels),
    ...scratches.map(({ step, name, bytes }) => ({ name, bytes: threads * bytes, from: step, to: step })),
    { name: OUTPUT, bytes: 4 * (outputs + OUTPUT_SLACK), from: graph.layers.length + 1, to: last },
  ]);
  const arenaAddress = end + shift;
  const memoryBytes = arenaAddress + arena.bytes;
  if (memoryBytes - shift > MOST_BYTES) {
    throw new ModelError('network-unsupported', {
      where: graph.where,
      problem: `needs ${memoryBytes} bytes`,
      expected: `at most ${MOST_BYTES}`,
    });
  }
  const addressOf = (value: string): number => arenaAddress + arena.offsets.get(value)!;
  return {
    memoryBytes,
    arenaAddress,
    input: { address: addressOf(NETWORK_INPUT), length: inputs },
    output: { address: addressOf(OUTPUT), length: outputs },
    weights: [],
    integers: [],
    steps: steps.map((step) => placeStep(step, addressOf)),
    // The output alone can be kept.
    kept: keep.map((name) => ({ name, address: addressOf(OUTPUT), shape: to, storedChannels: to.channels })),
  };
}

/** Layer n is step n + 1. */
function spansOfMaps(graph: QuantisedGraph, storedChannels: (map: number) => number): Span[] {
  const written = new Map([[graph.input, 0]]);
  const read = new Map([[graph.output, graph.layers.length + 1]]);
  for (const [index, { inputs, output }] of graph.layers.entries()) {
    written.set(output, index + 1);
    for (const map of inputs) read.set(map, Math.max(read.get(map) ?? 0, index + 1));
  }
  return Array.from(written, ([map, first]) => {
    const { height, width } = elementAt(graph.maps, map).shape;
    const bytes = height * width * storedChannels(map);
    return { name: nameMap(map), bytes, from: first, to: read.get(map) ?? first };
  });
}
