import type { KernelCall } from '../kernel-calls.js';
import { quantise } from './conversions.js';
import { activationCode, formatOf, type IntegerPlace, linearFormat, panelsFor, pixelBytes } from './integer-place.js';
import { storedBytes } from './layouts.js';
import { isClassifier } from './levels.js';

/** From these sizes on seven products of quarters and their sums take less time than the whole, weights out of cache. */
const STRASSEN_CHANNELS = 256;
const STRASSEN_OUTPUTS = 256;
const STRASSEN_PIXELS = 40;

/** A 1×1 convolution without a stride, or a dense layer; undefined where it has to be done in floats. */
export function lowerLinear(place: IntegerPlace): readonly KernelCall[] | undefined {
  if (place.from && place.to && place.activation !== undefined) return onMap(place);
  return onFloats(place);
}

function onMap(place: IntegerPlace): readonly KernelCall[] | undefined {
  const { operation, context, from, to, pixels, inChannels, outChannels, activation } = place;
  const { constants } = context.kernels;
  const { inputs, output } = operation;
  const residual = operation.residual === undefined ? undefined : context.mapOf(operation.residual);
  if (!from || (operation.residual !== undefined && !residual)) return undefined;
  const args = {
    output: { value: output },
    input: { value: inputs[0] },
    weights: context.addIntegers(panelsFor(place, from, output, inChannels)),
    residual: operation.residual === undefined ? 0 : { value: operation.residual },
    pixels,
    inChannels,
    outChannels,
    format: linearFormat(place, from, residual),
    activation: activationCode(activation, constants),
  };
  const strides = {
    output: pixelBytes(to, outChannels, constants),
    input: pixelBytes(from, inChannels, constants),
    ...(residual && { residual: pixelBytes(residual, outChannels, constants) }),
  };
  const isInWords = storedBytes(from, constants) === 2;
  if (isInWords && inChannels >= STRASSEN_CHANNELS && outChannels >= STRASSEN_OUTPUTS && pixels >= STRASSEN_PIXELS) {
    const scratchBytes = context.kernels.exports.strassen_scratch_i8(pixels, inChannels);
    const scratch = { value: context.scratch('quarters', context.threads * scratchBytes) };
    return [{ kernel: 'pointwise_strassen_i8', args: { ...args, scratch }, strides, scratchBytes }];
  }
  return [{ kernel: 'pointwise_i8', args, strides }];
}

/** A classifier: floats that become integers for it, its sums are floats again. */
function onFloats(place: IntegerPlace): readonly KernelCall[] | undefined {
  const { operation, context, from, to, pixels, inChannels, outChannels, activation } = place;
  const { constants } = context.kernels;
  const [input] = operation.inputs;
  const map = context.maps.get(input);
  if (from || to || !map || !isClassifier(operation)) return undefined;
  const each = storedBytes(map, constants);
  const bytes = pixels * inChannels * each;
  // Each weight is used once, so that the memory sets the pace.
  const hasByteWeights = !map.wide && each === 2;
  const integers = { value: context.scratch('integers', bytes) };
  const args = {
    output: { value: operation.output },
    input: integers,
    weights: context.addIntegers(panelsFor(place, map, undefined, inChannels, hasByteWeights ? 1 : each)),
    residual: 0,
    pixels,
    inChannels,
    outChannels,
    format: formatOf(constants, map) | constants.floatOutput | (hasByteWeights ? constants.byteWeights : 0),
    activation: activationCode(activation, constants),
  };
  const source = { output: integers, input: { value: input }, map, pixels, channels: inChannels };
  return [quantise({ ...source, rows: { kind: 'quantise', map: input } }, context), { kernel: 'pointwise_i8', args }];
}
