import type { Operation } from '../fuse.js';
import type { Unplaced } from '../kernel-calls.js';
import type { KernelConstants } from '../kernel-constants.js';
import { storedChannels } from '../pack.js';
import type { PlanContext } from '../planning.js';
import {
  type IntegerActivation,
  integerActivation,
  type PackedPanels,
  panelsBytes,
  type Rows,
  rowsBytes,
  storedBytes,
} from './layouts.js';
import type { IntegerMap, IntegerMaps } from './levels.js';

export interface IntegerContext extends PlanContext {
  readonly maps: IntegerMaps;
  /** Undefined for values that stay floats. */
  readonly mapOf: (value: string) => IntegerMap | undefined;
}

/** An operation with its maps as they lie in memory. */
export interface IntegerPlace {
  readonly operation: Operation;
  readonly context: IntegerContext;
  /** Of the first input and of the output; undefined for floats. */
  readonly from: IntegerMap | undefined;
  readonly to: IntegerMap | undefined;
  /** Values of a pixel of each. */
  readonly inChannels: number;
  readonly outChannels: number;
  /** Of the first input. */
  readonly pixels: number;
  /** Undefined where no integer kernel computes it. */
  readonly activation: IntegerActivation | undefined;
}

export function placeIntegers(operation: Operation, context: IntegerContext): IntegerPlace {
  const { layer, inputs, output, curve } = operation;
  const { channelTile: tile } = context.kernels.constants;
  const { height, width, channels } = layer.inputShapes[0];
  return {
    operation,
    context,
    from: context.mapOf(inputs[0]),
    to: context.mapOf(output),
    inChannels: storedChannels(inputs[0], channels, tile),
    outChannels: storedChannels(output, layer.outputShape.channels, tile),
    pixels: height * width,
    activation: integerActivation(curve),
  };
}

/** What the integer kernels are told of how their maps lie in memory; a map of floats has no width. */
export function formatOf(
  constants: KernelConstants,
  input: IntegerMap | undefined,
  output?: IntegerMap,
  residual?: IntegerMap,
): number {
  return (
    constants.narrowInBytes |
    (input?.wide ? constants.wideInput : 0) |
    (output?.wide ? constants.wideOutput : 0) |
    (residual?.wide ? constants.wideResidual : 0)
  );
}

export function activationCode(
  activation: IntegerActivation | undefined,
  { activations, noActivation }: KernelConstants,
): number {
  return activation === 'swish' ? activations.swish : noActivation;
}

/** Bytes of a pixel, of floats where there is no map of integers. */
export function pixelBytes(map: IntegerMap | undefined, channels: number, constants: KernelConstants): number {
  return channels * (map ? storedBytes(map, constants) : 4);
}

/** Whether a pointwise or depthwise layer's sums are scaled in words: between narrow maps, with nothing but a clip. */
function scalesInWords({ operation, from, to, activation }: IntegerPlace): boolean {
  const { layer, residual } = operation;
  const isPlain = activation === 'none' && residual === undefined && layer.kind !== 'conv';
  return isPlain && from?.wide === false && to?.wide === false && to.inWords === true;
}

/** What the kernel of a linear operation is told; input: as for `linearFacts`. */
export function linearFormat(place: IntegerPlace, input: IntegerMap, residual?: IntegerMap): number {
  const { constants } = place.context.kernels;
  return formatOf(constants, input, place.to, residual) | (scalesInWords(place) ? constants.inWords : 0);
}

/** What packing has to know of any linear operation. */
export function linearFacts(place: IntegerPlace, input: IntegerMap) {
  const { operation, activation = 'none' } = place;
  const { layer, inputs, output, residual, clip, curve, clamp } = operation;
  return {
    layer: layer.name,
    input: inputs[0],
    wideInput: input.wide,
    residual,
    activation,
    inWords: scalesInWords(place),
    highest: clip ? clip[1] : curve ? Number.POSITIVE_INFINITY : clamp[1],
    value: output,
  };
}

/** Panels for an input of `depth` values, the whole window's of a convolution. */
export function panelsFor(
  place: IntegerPlace,
  input: IntegerMap,
  output: string | undefined,
  depth: number,
  weightBytes = storedBytes(input, place.context.kernels.constants),
): Unplaced<PackedPanels> {
  const { constants } = place.context.kernels;
  return {
    layout: 'panels',
    ...linearFacts(place, input),
    bytes: panelsBytes(depth, place.outChannels, weightBytes, constants),
    output,
    storedInChannels: depth,
    weightBytes,
    storedOutChannels: place.outChannels,
  };
}

/** Reserves rows of numbers, one for each channel, and returns their address. */
export function addRows(rows: Rows, channels: number, context: IntegerContext): number {
  return context.addIntegers({ layout: 'rows', bytes: rowsBytes(rows, channels), storedChannels: channels, rows });
}
