import type { ResolvedLayer, ResolvedNetwork } from '../../networks/types.js';
import { toFloat32 } from '../../weights/half.js';
import type { NetworkWeights } from '../../weights/types.js';
import { UNBOUNDED } from '../activations.js';
import { foldBatchNorm } from '../fold.js';
import { fuse, type Operation } from '../fuse.js';
import type { KernelConstants } from '../kernel-constants.js';
import { type FoldedWeights, storedChannels } from '../pack.js';
import type { Session } from '../session.js';
import {
  floatValues,
  type IntegerLimits,
  isClassifier,
  isPlainWindow,
  type Levels,
  largestInteger,
  largestWeight,
  type ValueLevels,
} from './levels.js';

/** What is calibrated, its weights checked against the network. */
export interface CalibrationModel {
  readonly network: ResolvedNetwork;
  readonly weights: NetworkWeights;
  readonly epsilon: number;
}

/** What was seen of each channel of one value. */
export interface Observed {
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
  /** Sums over `count` values of each channel. */
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  count: number;
}

/** Runs a float session, with one thread, on the picture in its input and adds what each operation's output holds. */
export function observe(
  session: Session,
  network: ResolvedNetwork,
  { channelTile }: Pick<KernelConstants, 'channelTile'>,
  observed: Map<string, Observed>,
): void {
  const shapes = new Map(network.layers.map((layer) => [layer.name, layer.outputShape]));
  const { steps } = session.plan;
  const { buffer } = session.input;
  steps.forEach(({ layer, args }, index) => {
    session.runStep(index);
    if (steps[index + 1]?.layer === layer) return;
    const { height, width, channels } = shapes.get(layer)!;
    const stored = storedChannels(layer, channels, channelTile);
    const values = new Float32Array(buffer, args.output, height * width === 1 ? channels : height * width * stored);
    const found = observed.get(layer) ?? empty(channels);
    for (let from = 0; from < values.length; from += stored) {
      for (let c = 0; c < channels; c++) {
        const value = values[from + c]!;
        if (value < found.minimum[c]!) found.minimum[c] = value;
        if (value > found.maximum[c]!) found.maximum[c] = value;
        found.sum[c]! += value;
        found.squares[c]! += value * value;
      }
    }
    found.count += height * width;
    observed.set(layer, found);
  });
}

function empty(channels: number): Observed {
  return {
    minimum: new Float32Array(channels).fill(Number.POSITIVE_INFINITY),
    maximum: new Float32Array(channels).fill(Number.NEGATIVE_INFINITY),
    sum: new Float64Array(channels),
    squares: new Float64Array(channels),
    count: 0,
  };
}

/** Rounds of the mutual choice of scales and weights' steps. */
const ROUNDS = 4;
/** A channel's scale is at least this share of the largest one's of its map. */
const LEAST_SHARE = 1 / 64;
/**
 * Wide values have room for more than was seen: what lies beyond is clipped, which costs the most where a network has a few
 * large values that decide.
 */
const ROOM_WIDE = 4;
const ROOM_NARROW = 1.3;
/** Candidates for the largest weight that is not clipped, as shares of the largest of its channel. */
const CLIPS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5];

/**
 * Ranges from observed values. Each channel's scale covers what was seen of it, and is larger where that lets the weights
 * that read it use more of their own levels: the scale at which the noise of rounding the map and that of rounding the
 * weights, as they reach the next layer, are smallest together (in the spirit of cross-layer equalisation, Nagel et al. 2019,
 * arXiv:1906.04721, section 4.1, but between a map and its readers).
 * @param wide values that are stored in 12 bits
 */
export function chooseRanges(
  { network, weights, epsilon }: CalibrationModel,
  limits: IntegerLimits,
  observed: ReadonlyMap<string, Observed>,
  wide: ReadonlySet<string> = new Set(),
): Levels {
  const operations = fuse(network.layers);
  const folded = new Map<string, FoldedWeights>();
  for (const { layer, output } of operations) {
    const found = weights.get(layer.name);
    if (found) {
      const { weights: data, bias } = foldBatchNorm(found, epsilon);
      folded.set(output, { weights: toFloat32(data), bias });
    }
  }
  const floats = floatValues(operations);
  const classifierInputs = new Set(operations.filter(isClassifier).map(({ inputs }) => inputs[0]));
  const stored = operations.filter(({ output }) => !floats.has(output) || classifierInputs.has(output));
  const values = new Map<string, ValueLevels>();
  for (const { output, clamp, curve, clip } of stored) {
    const isWide = wide.has(output);
    const found = observed.get(output)!;
    const room = isWide ? ROOM_WIDE : ROOM_NARROW;
    const [low, high] = clip ?? (curve ? UNBOUNDED : clamp);
    const lowest = found.minimum.map((value) => Math.max(room * Math.min(value, 0), Math.min(low, 0)));
    const range = found.maximum.map((value, c) => Math.min(Math.max(room * value, 0), Math.max(high, 0)) - lowest[c]!);
    const least = range.map((value) => value / largestInteger({ wide: isWide }, limits));
    const largest = least.reduce((a, b) => Math.max(a, b), 1e-10);
    const minimum = least.map((value) => Math.max(value, largest * LEAST_SHARE));
    const readers = operations.filter(
      ({ inputs, layer }) => inputs[0] === output && (layer.kind === 'pointwise' || layer.kind === 'dense'),
    );
    const most = largestWeight({ wide: isWide }, range.length, limits);
    const scale = readers.length > 0 ? balance(minimum, largest, found, readers, folded, observed, most) : minimum;
    values.set(output, {
      scale,
      zero: scale.map((step, c) => Math.round(-lowest[c]! / step)),
      mean: Float32Array.from(found.sum, (sum) => sum / found.count),
      wide: isWide,
    });
  }
  const steps = new Map<string, Float32Array>();
  for (const { output, inputs, layer } of operations) {
    const input = values.get(inputs[0]);
    const data = folded.get(output);
    if (!input || !data || !hasSteps(layer)) continue;
    const most = largestWeight(input, data.weights.length / data.bias.length, limits);
    steps.set(output, chooseSteps(data, input, observed.get(inputs[0])!, layer.kind !== 'depthwise', most));
  }
  return { values, steps };
}

/** Whether the steps of a layer's weights are chosen here: it runs in integers, on weights of one column for each output. */
function hasSteps(layer: ResolvedLayer): boolean {
  return layer.kind === 'pointwise' || layer.kind === 'dense' || (layer.kind === 'depthwise' && isPlainWindow(layer));
}

function balance(
  minimum: Float32Array,
  largest: number,
  seen: Observed,
  readers: readonly Operation[],
  folded: ReadonlyMap<string, FoldedWeights>,
  observed: ReadonlyMap<string, Observed>,
  most: number,
): Float32Array {
  let scale = minimum;
  const inChannels = minimum.length;
  for (let round = 0; round < ROUNDS; round++) {
    const fromWeights = new Float64Array(inChannels);
    const fromMap = new Float64Array(inChannels);
    for (const { output } of readers) {
      const data = folded.get(output)!;
      const weights = data.weights as Float32Array;
      const outChannels = data.bias.length;
      const importance = varianceOf(observed.get(output)!).map((variance) => 1 / Math.max(variance, 1e-6));
      const steps = new Float64Array(outChannels);
      for (let k = 0, at = 0; k < inChannels; k++) {
        for (let n = 0; n < outChannels; n++, at++) {
          steps[n] = Math.max(steps[n]!, Math.abs(weights[at]! * scale[k]!) / most);
        }
      }
      const noise = steps.reduce((sum, step, n) => sum + step * step * importance[n]!, 0);
      for (let k = 0, at = 0; k < inChannels; k++) {
        fromWeights[k]! += noise * (seen.squares[k]! / seen.count + 1e-12);
        for (let n = 0; n < outChannels; n++, at++) fromMap[k]! += weights[at]! * weights[at]! * importance[n]!;
      }
    }
    scale = minimum.map((least, k) => {
      const balanced = (fromWeights[k]! / Math.max(fromMap[k]!, 1e-20)) ** 0.25;
      return Math.min(Math.max(least, balanced), 2 * largest);
    });
  }
  return scale;
}

function varianceOf({ sum, squares, count }: Observed): Float64Array {
  return squares.map((square, c) => square / count - (sum[c]! / count) ** 2);
}

/** For each output channel the step that makes the least noise, weights of a large input counting more. */
function chooseSteps(
  { weights, bias }: FoldedWeights,
  input: ValueLevels,
  seen: Observed,
  perInput: boolean,
  most: number,
): Float32Array {
  const outChannels = bias.length;
  const rows = weights.length / outChannels;
  const largest = new Float64Array(outChannels);
  const power = input.scale.map((scale, k) => seen.squares[k]! / seen.count / scale ** 2);
  const scaled = new Float32Array(weights.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let n = 0; n < outChannels; n++, at++) {
      scaled[at] = (weights[at] as number) * input.scale[perInput ? row : n]!;
      largest[n] = Math.max(largest[n]!, Math.abs(scaled[at]!));
    }
  }
  const best = new Float32Array(outChannels);
  const least = new Float64Array(outChannels).fill(Number.POSITIVE_INFINITY);
  for (const clip of CLIPS) {
    const steps = largest.map((size) => Math.fround(Math.max((size * clip) / most, 1e-20)));
    const noise = new Float64Array(outChannels);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let n = 0; n < outChannels; n++, at++) {
        const step = steps[n]!;
        const integer = Math.max(-most, Math.min(most, Math.round(scaled[at]! / step)));
        noise[n]! += (scaled[at]! - integer * step) ** 2 * power[perInput ? row : n]!;
      }
    }
    for (let n = 0; n < outChannels; n++) {
      if (noise[n]! < least[n]!) {
        least[n] = noise[n]!;
        best[n] = steps[n]!;
      }
    }
  }
  return best;
}
