import { elementAt } from '../../errors/element-at.js';
import { ModelError } from '../../errors/errors.js';
import type {
  QuantisedAdd,
  QuantisedConv,
  QuantisedDepthwise,
  QuantisedGraph,
  QuantisedLayer,
  QuantisedMap,
} from '../../weights/quantised-graph.js';
import { bindInOrder } from '../calls.js';
import { type NamedCall, orderCall } from '../kernel-signatures.js';
import type { Kernels } from '../kernels.js';
import { centre, prepareMean, preparePool, prepareRescale } from './elementwise.js';
import { type FixedMultiplier, quantiseMultiplier } from './multiplier.js';
import {
  ADD_SHIFT,
  addBytes,
  depthwisePanelBytes,
  type ExactConstants,
  linearPanelBytes,
  packAdd,
  packDepthwise,
  packLinear,
  roundUp,
} from './pack.js';
import { softmaxMultiplier, softmaxStored } from './softmax.js';

/** Where a layer's parts lie in memory, in bytes. */
export interface Places {
  readonly inputs: readonly number[];
  readonly output: number;
  readonly weights: number;
  /** Rows of windows of a convolution, `scratchBytes` of them. */
  readonly scratch: number;
}

/** What a layer needs before and while it runs. */
export interface ExactStep {
  readonly weightBytes: number;
  readonly scratchBytes: number;
  /** Packs the weights and returns what runs the layer. */
  bind(kernels: Kernels, memory: ArrayBufferLike, places: Places): () => void;
}

/** A layer with its maps. */
interface Subject<Layer extends QuantisedLayer = QuantisedLayer> {
  readonly graph: QuantisedGraph;
  readonly layer: Layer;
  readonly inputs: readonly QuantisedMap[];
  readonly output: QuantisedMap;
  readonly constants: ExactConstants;
}

/** Values of a map in memory, channels rounded up. */
export function countValues({ shape }: QuantisedMap, constants: ExactConstants): number {
  return shape.height * shape.width * roundUp(shape.channels, constants);
}

export function prepareStep(graph: QuantisedGraph, layer: QuantisedLayer, constants: ExactConstants): ExactStep {
  const inputs = layer.inputs.map((index) => elementAt(graph.maps, index));
  const output = elementAt(graph.maps, layer.output);
  const input = elementAt(inputs, 0);
  const subject = { graph, inputs, output, constants };
  const fix = (real: number) => fixMultiplier(graph, layer, real);
  const inTypeScript = (run: ElementwiseRun) => elementwise({ ...subject, layer }, run);
  switch (layer.kind) {
    case 'conv':
      return prepareConv({ ...subject, layer });
    case 'depthwise':
      return prepareDepthwise({ ...subject, layer });
    case 'add':
      return prepareAdd({ ...subject, layer });
    case 'rescale':
      return inTypeScript(prepareRescale(fix(layer.multiplier), output, layer.range));
    case 'mean':
      return inTypeScript(prepareMean(fix(input.scale / output.scale), input, output, constants));
    case 'averagePool':
    case 'maxPool':
      return inTypeScript(preparePool(layer, input, output, constants));
    case 'softmax': {
      const multiplier = softmaxMultiplier(input.scale);
      if (multiplier === undefined) throw refuse(graph, layer, input.scale);
      const { channels } = input.shape;
      // Stored values less the type's minimum; only their differences count.
      return inTypeScript((to, from) => to.set(softmaxStored(from, channels, multiplier)));
    }
    default:
      throw new Error(`no step for ${(layer satisfies never as QuantisedLayer).kind}`);
  }
}

function prepareConv({ graph, layer, inputs, output, constants }: Subject<QuantisedConv>): ExactStep {
  const { kernelHeight, kernelWidth, stride, pads } = layer;
  const { height: inHeight, width: inWidth, channels } = elementAt(inputs, 0).shape;
  const { height: outHeight, width: outWidth } = output.shape;
  const pixelStride = roundUp(channels, constants);
  const bare = kernelHeight === 1 && kernelWidth === 1 && stride === 1 && Object.values(pads).every((pad) => !pad);
  const depth = bare ? pixelStride : roundUp(kernelHeight * kernelWidth * channels, constants);
  const outChannels = roundUp(output.shape.channels, constants);
  const panels = outChannels / constants.channelTile;
  const multipliers = layer.multipliers.map((real) => fixMultiplier(graph, layer, real));
  const [min, max] = centre(output, layer.range);
  const linear = { depth, panels, inStride: depth * 2, outStride: outChannels * 2, min, max };
  const window = { inHeight, inWidth, pixelStride, channels, outWidth, kernelHeight, kernelWidth, stride, depth };
  /** Windows of one row after the other are laid out in the scratch memory. */
  const rowCalls = (y: number, { inputs: [input], output: to, weights, scratch }: Places): NamedCall[] => {
    const gather = { ...window, output: scratch, input: input!, y, padTop: pads.top, padLeft: pads.left };
    const row = { ...linear, output: to + y * outWidth * linear.outStride, input: scratch, weights, pixels: outWidth };
    return [
      { kernel: 'exact_gather_i16', args: gather },
      { kernel: 'exact_linear_i16', args: row },
    ];
  };
  return {
    weightBytes: panels * linearPanelBytes(depth, constants),
    scratchBytes: bare ? 0 : outWidth * depth * 2,
    bind(kernels, memory, places) {
      const {
        inputs: [input],
        output: to,
        weights,
      } = places;
      packLinear(layer, output.shape.channels, depth, multipliers, { memory, address: weights, constants });
      if (!bare) {
        const rows = Array.from({ length: outHeight }, (_, y) => rowCalls(y, places));
        return bindNamed(kernels, rows.flat());
      }
      const args = { ...linear, output: to, input: input!, weights, pixels: inHeight * inWidth };
      return bindNamed(kernels, [{ kernel: 'exact_linear_i16', args }]);
    },
  };
}

function prepareDepthwise({ graph, layer, inputs, output, constants }: Subject<QuantisedDepthwise>): ExactStep {
  const { height: inHeight, width: inWidth, channels } = elementAt(inputs, 0).shape;
  const padded = roundUp(channels, constants);
  const multipliers = layer.multipliers.map((real) => fixMultiplier(graph, layer, real));
  const [min, max] = centre(output, layer.range);
  const { kernelHeight: kernelSize, stride, pads } = layer;
  const { height: outHeight, width: outWidth } = output.shape;
  return {
    weightBytes: (padded / constants.channelTile) * depthwisePanelBytes(layer, constants),
    scratchBytes: 0,
    bind(kernels, memory, { inputs: [input], output: to, weights }) {
      packDepthwise(layer, channels, multipliers, { memory, address: weights, constants });
      const sizes = { inHeight, inWidth, channels: padded, outHeight, outWidth };
      const window = { kernelSize, stride, padTop: pads.top, padLeft: pads.left };
      const args = { output: to, input: input!, weights, ...sizes, ...window, min, max };
      return bindNamed(kernels, [{ kernel: 'exact_depthwise_i16', args }]);
    },
  };
}

function prepareAdd({ graph, layer, inputs, output, constants }: Subject<QuantisedAdd>): ExactStep {
  const [a, b] = inputs as [QuantisedMap, QuantisedMap];
  const largest = 2 * Math.max(a.scale, b.scale);
  const real = largest / (2 ** ADD_SHIFT * output.scale);
  if (!(real < 1)) throw refuse(graph, layer, real);
  const terms = [a, b].map(({ scale }) => fixMultiplier(graph, layer, scale / largest));
  const sum = fixMultiplier(graph, layer, real);
  const [min, max] = centre(output, layer.range);
  return {
    weightBytes: addBytes(constants),
    scratchBytes: 0,
    bind(kernels, memory, { inputs: [left, right], output: to, weights }) {
      packAdd(terms as [FixedMultiplier, FixedMultiplier], sum, { memory, address: weights, constants });
      const maps = { output: to, a: left!, b: right!, constants: weights };
      const args = { ...maps, count: countValues(output, constants), min, max };
      return bindNamed(kernels, [{ kernel: 'exact_add_i16', args }]);
    },
  };
}

function bindNamed(kernels: Kernels, calls: readonly NamedCall[]): () => void {
  return bindInOrder(kernels, calls.map(orderCall));
}

type ElementwiseRun = (to: Int16Array, from: Int16Array) => void;

/** A step in TypeScript, from one map's values to another's. */
function elementwise({ inputs, output, constants }: Subject, run: ElementwiseRun): ExactStep {
  return {
    weightBytes: 0,
    scratchBytes: 0,
    bind(_, memory, places) {
      const to = new Int16Array(memory, places.output, countValues(output, constants));
      const from = new Int16Array(memory, places.inputs[0], countValues(elementAt(inputs, 0), constants));
      return () => run(to, from);
    },
  };
}

function fixMultiplier(graph: QuantisedGraph, layer: QuantisedLayer, real: number): FixedMultiplier {
  const fixed = quantiseMultiplier(real);
  if (fixed === undefined) throw refuse(graph, layer, real);
  return fixed;
}

function refuse({ where }: QuantisedGraph, { kind }: QuantisedLayer, value: number): ModelError {
  return new ModelError('weights-damaged', {
    where,
    problem: `${kind} rescales by ${value}`,
    expected: 'scales nearer to each other',
  });
}
