import { elementAt } from '../../errors/element-at.js';
import { ModelError } from '../../errors/errors.js';
import type { QuantisedGraph, QuantisedLayer, QuantisedMap } from '../../weights/quantised-graph.js';
import type { Kernels } from '../kernels.js';
import { centre, prepareMean, preparePool, prepareRescale } from './elementwise.js';
import { type FixedMultiplier, quantiseMultiplier } from './multiplier.js';
import {
  ADD_BYTES,
  ADD_SHIFT,
  depthwisePanelBytes,
  EXACT_TILE,
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

/** Values of a map in memory, channels rounded up. */
export function countValues({ shape }: QuantisedMap): number {
  return shape.height * shape.width * roundUp(shape.channels);
}

export function prepareStep(graph: QuantisedGraph, layer: QuantisedLayer): ExactStep {
  const inputs = layer.inputs.map((index) => elementAt(graph.maps, index));
  const output = elementAt(graph.maps, layer.output);
  const [input] = inputs as [QuantisedMap];
  const fix = (real: number) => fixMultiplier(graph, layer, real);
  switch (layer.kind) {
    case 'conv': {
      const { kernelHeight, kernelWidth, stride, pads } = layer;
      const { height, width, channels } = input.shape;
      const pixelStride = roundUp(channels);
      const bare = kernelHeight === 1 && kernelWidth === 1 && stride === 1 && Object.values(pads).every((pad) => !pad);
      const depth = bare ? pixelStride : roundUp(kernelHeight * kernelWidth * channels);
      const panels = roundUp(output.shape.channels) / EXACT_TILE;
      const multipliers = layer.multipliers.map(fix);
      const [low, high] = centre(output, layer.range);
      const outWidth = output.shape.width;
      const outStride = panels * EXACT_TILE * 2;
      return {
        weightBytes: panels * linearPanelBytes(depth),
        scratchBytes: bare ? 0 : outWidth * depth * 2,
        bind(kernels, memory, { inputs: [from], output: to, weights, scratch }) {
          packLinear(layer, output.shape.channels, depth, multipliers, memory, weights);
          const { exact_linear_i16: linear, exact_gather_i16: gather } = kernels;
          if (bare) {
            return () => linear(to, from!, weights, height * width, depth, panels, depth * 2, outStride, low, high);
          }
          const rest = [channels, outWidth, kernelHeight, kernelWidth, stride, pads.top, pads.left, depth] as const;
          return () => {
            for (let y = 0; y < output.shape.height; y++) {
              gather(scratch, from!, y, height, width, pixelStride, ...rest);
              const row = to + y * outWidth * outStride;
              linear(row, scratch, weights, outWidth, depth, panels, depth * 2, outStride, low, high);
            }
          };
        },
      };
    }
    case 'depthwise': {
      const { height, width, channels } = input.shape;
      const padded = roundUp(channels);
      const multipliers = layer.multipliers.map(fix);
      const [low, high] = centre(output, layer.range);
      const { kernelHeight, stride, pads } = layer;
      const { height: outHeight, width: outWidth } = output.shape;
      return {
        weightBytes: (padded / EXACT_TILE) * depthwisePanelBytes(layer),
        scratchBytes: 0,
        bind(kernels, memory, { inputs: [from], output: to, weights }) {
          packDepthwise(layer, channels, multipliers, memory, weights);
          const window = [kernelHeight, stride, pads.top, pads.left] as const;
          const sizes = [height, width, padded, outHeight, outWidth] as const;
          return () => kernels.exact_depthwise_i16(to, from!, weights, ...sizes, ...window, low, high);
        },
      };
    }
    case 'add': {
      const [a, b] = inputs as [QuantisedMap, QuantisedMap];
      const largest = 2 * Math.max(a.scale, b.scale);
      const real = largest / (2 ** ADD_SHIFT * output.scale);
      if (!(real < 1)) throw refuse(graph, layer, real);
      const terms = [fix(a.scale / largest), fix(b.scale / largest)] as const;
      const sum = fix(real);
      const [low, high] = centre(output, layer.range);
      return {
        weightBytes: ADD_BYTES,
        scratchBytes: 0,
        bind(kernels, memory, { inputs: [left, right], output: to, weights }) {
          packAdd(terms, sum, memory, weights);
          return () => kernels.exact_add_i16(to, left!, right!, weights, countValues(output), low, high);
        },
      };
    }
    case 'rescale':
      return elementwise(input, output, prepareRescale(fix(layer.multiplier), output, layer.range));
    case 'mean':
      return elementwise(input, output, prepareMean(fix(input.scale / output.scale), input, output));
    case 'averagePool':
    case 'maxPool':
      return elementwise(input, output, preparePool(layer, input, output));
    case 'softmax': {
      const multiplier = softmaxMultiplier(input.scale);
      if (multiplier === undefined) throw refuse(graph, layer, input.scale);
      const { channels } = input.shape;
      // Stored values less the type's minimum; only their differences count.
      return elementwise(input, output, (to, from) => to.set(softmaxStored(from, channels, multiplier)));
    }
    default:
      throw new Error(`no step for ${(layer satisfies never as QuantisedLayer).kind}`);
  }
}

/** A step in TypeScript, from one map's values to another's. */
function elementwise(
  input: QuantisedMap,
  output: QuantisedMap,
  run: (to: Int16Array, from: Int16Array) => void,
): ExactStep {
  return {
    weightBytes: 0,
    scratchBytes: 0,
    bind(_, memory, places) {
      const to = new Int16Array(memory, places.output, countValues(output));
      const from = new Int16Array(memory, places.inputs[0], countValues(input));
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
