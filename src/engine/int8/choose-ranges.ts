import type { ResolvedLayer, ResolvedNetwork } from '../../networks/types.js';
import { toFloat32 } from '../../weights/half.js';
import type { NetworkWeights } from '../../weights/types.js';
import { UNBOUNDED } from '../activations.js';
import { foldBatchNorm } from '../fold.js';
import { fuse, type Operation } from '../fuse.js';
import type { FoldedWeights } from '../pack.js';
import { copyOf } from './copies.js';
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
import type { Observed, Peaks } from './observe.js';

/** What is calibrated, its weights checked against the network. */
export interface CalibrationModel {
  readonly network: ResolvedNetwork;
  readonly weights: NetworkWeights;
  readonly epsilon: number;
}

/** Rounds of the mutual choice of scales and weights' steps. */
const ROUNDS = 4;
/**
 * A channel's scale is at least this share of the largest one's of its map: what few pictures hold of a channel that is seldom
 * active says little of what others hold.
 */
const LEAST_SHARE = 1 / 4;
/**
 * Ranges have room for what so many pictures hold. The largest values of pictures are distributed about as Gumbel's
 * distribution says: the largest of N pictures exceeds that of n by √6 / π · ln(N / n) standard deviations of these values.
 */
const PICTURES = 5000;
/** A multiple of that room. What lies beyond is clipped, which costs the most where a few large values decide. */
const ROOM = { narrow: 1, wide: 4 };
/** The deviation is at least this share of the largest value: that of a few pictures is uncertain. */
const LEAST_DEVIATION = 0.1;
/**
 * Steps of weights are chosen so that they make less noise than the largest weight would by the step that it needs; what the
 * mean of an input makes of it goes into the bias.
 */
const WEIGHT_NOISE = 0.25;
/** Candidates for the largest weight that is not clipped, as shares of the largest of its channel. */
const CLIPS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5];

/**
 * Chooses ranges from observed values: gives a function from the values that are stored in 12 bits to levels. Each channel's
 * scale covers what was seen of it, with room for what was not, and is larger where that lets the weights that read it use
 * more of their own levels: the scale at which the noise of rounding the map and that of rounding the weights, as they reach
 * the next layer, are smallest together (in the spirit of cross-layer equalisation, Nagel et al. 2019, arXiv:1906.04721,
 * section 4.1, but between a map and its readers). What depends on how a map is stored alone is computed once for each way.
 * The second argument of the function: of a narrow map's range, the share that is stored, where that is not all of it.
 */
export function createRangeChooser(
  { network, weights, epsilon }: CalibrationModel,
  limits: IntegerLimits,
  observed: ReadonlyMap<string, Observed>,
): (wide?: ReadonlySet<string>, shares?: ReadonlyMap<string, number>, copied?: ReadonlySet<string>) => Levels {
  const operations = fuse(network.layers);
  const folded = foldAll(operations, weights, epsilon);
  const maps = integerOperations(operations);
  const levelsOf = once((operation: Operation, wide: boolean, share: number) => {
    const { output } = operation;
    const readers = operations.filter(
      ({ inputs, layer }) => inputs[0] === output && (layer.kind === 'pointwise' || layer.kind === 'dense'),
    );
    return chooseLevels(operation, { wide, share, limits, readers, folded, observed });
  });
  const makers = new Map(maps.map((operation) => [operation.output, operation]));
  const stepsOf = once((operation: Operation, wide: boolean, share: number) => {
    const { inputs, layer, output } = operation;
    const data = folded.get(output)!;
    const input = levelsOf(makers.get(inputs[0])!, wide, share);
    const most = largestWeight(input, data.weights.length / data.bias.length, limits);
    return chooseSteps(data, input, observed.get(inputs[0])!, layer.kind !== 'depthwise', most);
  });
  return (wide = new Set(), shares = new Map(), copied = new Set()) => {
    const stored = (map: string) => [wide.has(map), shares.get(map) ?? 1] as const;
    const multiplied = (map: string) =>
      copied.has(map) ? ([false, shares.get(copyOf(map)) ?? 1] as const) : stored(map);
    const steps = operations.filter(
      ({ output, inputs, layer }) => makers.has(inputs[0]) && folded.has(output) && hasSteps(layer),
    );
    const values = new Map(
      maps.map((operation) => [operation.output, levelsOf(operation, ...stored(operation.output))]),
    );
    for (const map of copied) values.set(copyOf(map), levelsOf(makers.get(map)!, ...multiplied(map)));
    return {
      values,
      steps: new Map(
        steps.map((operation) => [operation.output, stepsOf(operation, ...multiplied(operation.inputs[0]))]),
      ),
    };
  };
}

/** The values that are stored in integers. */
export function integerMaps({ layers }: ResolvedNetwork): readonly string[] {
  return integerOperations(fuse(layers)).map(({ output }) => output);
}

/** The operations that make them. */
function integerOperations(operations: readonly Operation[]): readonly Operation[] {
  const floats = floatValues(operations);
  const classifierInputs = new Set(operations.filter(isClassifier).map(({ inputs }) => inputs[0]));
  return operations.filter(({ output }) => !floats.has(output) || classifierInputs.has(output));
}

/** Remembers what was made for an operation, for each way in which its map may be stored. */
function once<T>(make: (operation: Operation, wide: boolean, share: number) => T): typeof make {
  const known = new Map<Operation, Map<string | number, T>>();
  return (operation, wide, share) => {
    const made = known.get(operation) ?? new Map<string | number, T>();
    known.set(operation, made);
    const way = wide ? 'wide' : share;
    const found = made.get(way) ?? make(operation, wide, share);
    made.set(way, found);
    return found;
  };
}

function foldAll(
  operations: readonly Operation[],
  weights: CalibrationModel['weights'],
  epsilon: number,
): ReadonlyMap<string, FoldedWeights> {
  const folded = new Map<string, FoldedWeights>();
  for (const { layer, output } of operations) {
    const found = weights.get(layer.name);
    if (found) {
      const { weights: data, bias } = foldBatchNorm(found, epsilon);
      folded.set(output, { weights: toFloat32(data), bias });
    }
  }
  return folded;
}

interface MapFacts {
  readonly wide: boolean;
  /** Of the range that is stored, where it is not wide. */
  readonly share: number;
  readonly limits: IntegerLimits;
  /** Linear operations that read the map. */
  readonly readers: readonly Operation[];
  readonly folded: ReadonlyMap<string, FoldedWeights>;
  readonly observed: ReadonlyMap<string, Observed>;
}

function chooseLevels(
  { output, clamp, curve, clip }: Operation,
  { wide, share, limits, readers, folded, observed }: MapFacts,
): ValueLevels {
  const found = observed.get(output)!;
  const [low, high] = clip ?? (curve ? UNBOUNDED : clamp);
  const width = wide ? 'wide' : 'narrow';
  const lowest = withRoom(found.minimum, found.low, found.pictures, ROOM[width]).map((value) =>
    Math.max(Math.min(value, 0), Math.min(low, 0)),
  );
  const range = withRoom(found.maximum, found.high, found.pictures, ROOM[width]).map(
    (value, c) => Math.min(Math.max(value, 0), Math.max(high, 0)) - lowest[c]!,
  );
  const least = range.map((value) => value / largestInteger({ wide }, limits));
  const largest = least.reduce((a, b) => Math.max(a, b), 1e-10);
  const minimum = least.map((value) => Math.max(value, largest * LEAST_SHARE));
  const most = largestWeight({ wide }, range.length, limits);
  const scale = readers.length > 0 ? balance(minimum, largest, found, readers, folded, observed, most) : minimum;
  return {
    scale: wide ? scale : scale.map((step) => step * share),
    zero: scale.map((step, c) => Math.round(-lowest[c]! / step)),
    mean: Float32Array.from(found.sum, (sum) => sum / found.count),
    wide,
    ...(!wide && { inWords: true }),
  };
}

/** The extremes of each channel, farther from 0 by what pictures not seen may hold. */
function withRoom(extremes: Float32Array, { sum, squares }: Peaks, pictures: number, room: number): Float32Array {
  const factor = room * (Math.sqrt(6) / Math.PI) * Math.log(Math.max(1, PICTURES / pictures));
  return extremes.map((extreme, c) => {
    const mean = sum[c]! / pictures;
    const deviation = Math.sqrt(Math.max(0, squares[c]! / pictures - mean * mean));
    return extreme + Math.sign(extreme) * factor * Math.max(deviation, LEAST_DEVIATION * Math.abs(extreme));
  });
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
  const variance = varianceOf(seen);
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
        fromWeights[k]! += WEIGHT_NOISE * noise * variance[k]!;
        for (let n = 0; n < outChannels; n++, at++) fromMap[k]! += weights[at]! * weights[at]! * importance[n]!;
      }
    }
    scale = minimum.map((least, k) => {
      const balanced = Math.sqrt(Math.sqrt(fromWeights[k]! / Math.max(fromMap[k]!, 1e-20)));
      return Math.min(Math.max(least, balanced), 2 * largest);
    });
  }
  return scale;
}

/** Above 0. */
function varianceOf({ sum, squares, count }: Observed): Float64Array {
  return squares.map((square, c) => Math.max(0, square / count - (sum[c]! / count) ** 2) + 1e-12);
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
  const variance = varianceOf(seen);
  const power = input.scale.map((scale, k) => variance[k]! / scale ** 2);
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
