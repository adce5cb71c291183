import type { QuantisedConv, QuantisedDepthwise } from '../../weights/quantised-graph.js';
import type { ExactConstants } from './constants.js';
import type { FixedMultiplier } from './multiplier.js';
import { fastRescaling, isClipped, isFastExact, type Rescaling } from './rescaling.js';

/** Where parameters go; the memory must be zero. */
export interface ExactTarget {
  readonly memory: ArrayBufferLike;
  readonly address: number;
}

/** How a layer's weights are multiplied. */
export interface WeightForm {
  /** The kernels' format: the dot product of bytes, or 0 for words. */
  readonly format: number;
  /** What is subtracted from the weights that the file stores. */
  readonly shift: number;
  /** What is left for the kernel to subtract. */
  readonly weightZero: number;
}

/** A layer's weights with what belongs to its outputs. */
export interface Panels<Layer> {
  readonly layer: Layer;
  readonly channels: number;
  /** Of the input, as a byte. */
  readonly inZero: number;
  readonly form: WeightForm;
  /** One for all channels, or one for each. */
  readonly multipliers: readonly FixedMultiplier[];
  readonly results: Pick<Rescaling, 'outZero' | 'min' | 'max'>;
}

const BYTE_MAX = 255;
/** Bytes of a 32-bit lane that holds several weights. */
const LANE = 4;

/** Channels of maps and of panels come in groups of `channelTile`. */
export function roundUp(count: number, { channelTile: tile }: Pick<ExactConstants, 'channelTile'>): number {
  return Math.ceil(count / tile) * tile;
}

/**
 * Weights less their zero point are bytes where they fit. Otherwise they are bytes less another number, where the kernel can
 * subtract the rest from sums, or words.
 */
export function chooseForm(
  { weights, weightZeroPoint }: QuantisedConv | QuantisedDepthwise,
  { narrowInBytes }: ExactConstants,
  subtractsRest: boolean,
): WeightForm {
  const whole = { format: narrowInBytes, shift: weightZeroPoint, weightZero: 0 };
  if (narrowInBytes === 0 || fitsByte(weights, weightZeroPoint)) return whole;
  if (!subtractsRest) return { ...whole, format: 0 };
  const shift = weights instanceof Uint8Array ? 128 : 0;
  return { format: narrowInBytes, shift, weightZero: weightZeroPoint - shift };
}

function fitsByte(weights: Uint8Array | Int8Array, zero: number): boolean {
  for (const weight of weights) if (weight - zero < -128 || weight - zero > 127) return false;
  return true;
}

/** Weights in a lane. */
function perLane({ format }: WeightForm): number {
  return format === 0 ? 2 : 4;
}

/** depth: inputs of an output, a multiple of 8. */
export function linearPanelBytes(depth: number, form: WeightForm, constants: ExactConstants): number {
  return constants.headerBytes + (depth / perLane(form)) * constants.channelTile * LANE;
}

export function depthwisePanelBytes(kernelSize: number, form: WeightForm, constants: ExactConstants): number {
  const groups = Math.ceil(kernelSize / perLane(form));
  return constants.headerBytes + kernelSize * groups * constants.channelTile * LANE;
}

/** Panels of `exact_pointwise_u8` and `exact_conv_u8`. */
export function packLinear(
  panels: Panels<QuantisedConv>,
  depth: number,
  target: ExactTarget,
  constants: ExactConstants,
) {
  const { layer, channels, form } = panels;
  const { channelTile: tile, headerBytes } = constants;
  const { weights } = layer;
  const inputs = weights.length / channels;
  const panelBytes = linearPanelBytes(depth, form, constants);
  const values = form.format === 0 ? new Int16Array(target.memory) : new Int8Array(target.memory);
  const [each, bits] = form.format === 0 ? [2, 1] : [1, 2];
  const mask = (1 << bits) - 1;
  for (let channel = 0; channel < channels; channel++) {
    const panel = target.address + Math.floor(channel / tile) * panelBytes;
    const to = (panel + headerBytes + LANE * (channel % tile)) / each;
    const from = channel * inputs;
    const row = (tile * LANE) / each;
    for (let index = 0; index < depth; index++) {
      // Behind the inputs is what the kernel makes 0 of.
      const weight = index < inputs ? weights[from + index]! - form.shift : form.weightZero;
      values[to + (index >> bits) * row + (index & mask)] = weight;
    }
    writeChannel(panels, channel, weights.subarray(from, from + inputs), { ...target, address: panel }, constants);
  }
}

/** Panels of `exact_depthwise_u8`. */
export function packDepthwise(panels: Panels<QuantisedDepthwise>, target: ExactTarget, constants: ExactConstants) {
  const { layer, channels, form } = panels;
  const { channelTile: tile, headerBytes } = constants;
  const { weights, kernelHeight: size } = layer;
  const panelBytes = depthwisePanelBytes(size, form, constants);
  const values = form.format === 0 ? new Int16Array(target.memory) : new Int8Array(target.memory);
  const each = values.BYTES_PER_ELEMENT;
  const rows = perLane(form);
  const groups = Math.ceil(size / rows);
  const own = new Int16Array(size * size);
  for (let channel = 0; channel < channels; channel++) {
    const panel = target.address + Math.floor(channel / tile) * panelBytes;
    const to = (panel + headerBytes + LANE * (channel % tile)) / each;
    for (let tap = 0; tap < own.length; tap++) {
      const [y, x] = [Math.floor(tap / size), tap % size];
      const weight = weights[tap * channels + channel]!;
      own[tap] = weight;
      values[to + ((x * groups + Math.floor(y / rows)) * tile * LANE) / each + (y % rows)] = weight - form.shift;
    }
    writeChannel(panels, channel, own, { ...target, address: panel }, constants);
  }
}

/** A channel's lane of its panel's header: the input's zero point goes into the bias. */
function writeChannel(
  { layer, inZero, multipliers, results }: Panels<QuantisedConv | QuantisedDepthwise>,
  channel: number,
  weights: ArrayLike<number>,
  panel: ExactTarget,
  constants: ExactConstants,
): void {
  // The sums of positive and of negative weights bound the sums of products.
  let [above, below] = [0, 0];
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]! - layer.weightZeroPoint;
    if (weight > 0) above += weight;
    else below += weight;
  }
  const bias = layer.bias?.[channel] ?? 0;
  const lane = channel % constants.channelTile;
  const base = bias - inZero * (above + below);
  const multiplier = multipliers[multipliers.length === 1 ? 0 : channel]!;
  const [low, high] = [base + BYTE_MAX * below, base + BYTE_MAX * above];
  writeHeader(panel, constants, { lanes: [lane], bias: base, rescaling: { ...results, multiplier, low, high } });
}

/** The same for all channels of a map, whose `count` values are summed. */
export function packMean(
  multiplier: FixedMultiplier,
  count: number,
  { inZero, results }: Pick<Panels<never>, 'inZero' | 'results'>,
  target: ExactTarget,
  constants: ExactConstants,
): void {
  const bias = -inZero * count;
  const rescaling = { ...results, multiplier, low: bias, high: bias + BYTE_MAX * count };
  const lanes = Array.from({ length: constants.channelTile }, (_, lane) => lane);
  writeHeader(target, constants, { lanes, bias, rescaling });
}

interface Header {
  readonly lanes: readonly number[];
  readonly bias: number;
  readonly rescaling: Rescaling;
}

function writeHeader({ memory, address }: ExactTarget, constants: ExactConstants, values: Header): void {
  const { channelTile: tile, header: at, kinds } = constants;
  const { bias, rescaling } = values;
  const { mantissa, shift } = rescaling.multiplier;
  const integers = (offset: number) => new Int32Array(memory, address + offset, tile);
  const doubles = (offset: number) => new Float64Array(memory, address + offset, tile);
  const { factor, half, turn } = fastRescaling(rescaling.multiplier);
  for (const lane of values.lanes) {
    integers(0)[lane] = bias;
    doubles(at.factors)[lane] = factor;
    doubles(at.halves)[lane] = half;
    doubles(at.turns)[lane] = turn;
    integers(at.mantissas)[lane] = mantissa;
    integers(at.lefts)[lane] = 2 ** Math.max(shift, 0);
    doubles(at.rights)[lane] = 2 ** Math.min(shift, 0);
  }
  // One channel that needs care makes its panel careful.
  const kind = integers(at.kind);
  const own = isClipped(rescaling) ? kinds.clipped : kinds.signed;
  if (!isFastExact(rescaling)) kind[0] = kinds.careful;
  else if (kind[0] !== kinds.careful) kind[0] = own;
}
