import type { AppliedCurve } from '../activations.js';
import type { KernelConstants, Kernels } from '../kernels.js';
import { type FoldedWeights, stage } from '../pack.js';
import { type IntegerMap, type Levels, largestWeight, NARROW_MAX, type ValueLevels, WIDE_MAX } from './levels.js';

/** Where and how the parameters of one integer operation lie in memory; DESIGN.md describes the layouts. */
export type PackedIntegers = PackedPanels | PackedBlocks | PackedRows;

interface Placement {
  /** Byte address. */
  readonly address: number;
  readonly bytes: number;
}

/** Activations that the integer kernels compute between their sums and their outputs, besides clipping. */
export type IntegerActivation = 'none' | 'swish';

/** Undefined for a curve that they do not compute. */
export function integerActivation(curve: AppliedCurve | undefined): IntegerActivation | undefined {
  if (!curve) return 'none';
  return curve.activation === 'swish' ? 'swish' : undefined;
}

interface Linear extends Placement {
  /** Whose weights these are. */
  readonly layer: string;
  /** Names of the maps; no output where that stays in floats. */
  readonly input: string;
  readonly wideInput: boolean;
  readonly output: string | undefined;
  readonly residual: string | undefined;
  readonly activation: IntegerActivation;
  /** Outputs are clipped to this real value. */
  readonly highest: number;
  /** By this name the levels may have steps for the weights. */
  readonly value: string;
}

/** Panels of 8 output channels of a 1×1 convolution or dense layer. */
export interface PackedPanels extends Linear {
  readonly layout: 'panels';
  readonly storedInChannels: number;
  readonly storedOutChannels: number;
}

/** Blocks of 8 channels of a depthwise convolution; behind them, at `padding`, `width` pixels of zero points. */
export interface PackedBlocks extends Linear {
  readonly layout: 'blocks';
  readonly kernelSize: number;
  readonly storedChannels: number;
  readonly padding: number;
  readonly width: number;
}

/** Rows of f32, one value for each channel, `storedChannels` apart. */
export interface PackedRows extends Placement {
  readonly layout: 'rows';
  readonly storedChannels: number;
  readonly rows: Rows;
}

/** What element-by-element kernels are told of the maps with these names. */
export type Rows =
  | { readonly kind: 'add'; readonly inputs: readonly [string, string]; readonly output: string }
  | { readonly kind: 'scale'; readonly input: string; readonly output: string }
  /** `repeated`: like `quantise`, over and over in a row; `zeros`: the zero points alone. */
  | { readonly kind: 'quantise' | 'dequantise' | 'repeated' | 'zeros'; readonly map: string };

/** 1.5 · 2²³, see the kernels. */
const ROUNDING = 1.5 * 2 ** 23;
/** A rounded result must not pass this, or its integer could not be read from its bits. */
const LARGEST_RESULT = 1e7;
/** Biases in units of a sum stay below this. */
const LARGEST_BIAS = 2 ** 29;

const TILE = 8;

/** Bytes of a stored integer. */
export function storedBytes({ wide }: IntegerMap, constants: KernelConstants): 1 | 2 {
  return wide || constants.narrowBytes === 2 ? 2 : 1;
}

export function panelsBytes(inChannels: number, outChannels: number, each: number, constants: KernelConstants): number {
  return Math.ceil(outChannels / TILE) * panelBytes(inChannels, each, constants);
}

function panelBytes(inChannels: number, each: number, { headerBytes, listBytes }: KernelConstants): number {
  return headerBytes + TILE * inChannels * each + (each === 1 ? listBytes(inChannels) : 0);
}

export function blocksBytes(kernelSize: number, channels: number, each: number, constants: KernelConstants): number {
  const groups = Math.ceil((kernelSize * each) / 4);
  return (channels / TILE) * (constants.headerBytes + kernelSize * groups * 32);
}

export function rowsBytes({ kind }: Rows, channels: number): number {
  return 4 * channels * (kind === 'zeros' ? 1 : kind === 'add' || kind === 'scale' ? 3 : 2);
}

/** What packing works on: the kernels bound to a memory, and room in it for the largest operation, `integerStagingBytes`. */
export interface IntegerTarget {
  readonly memory: ArrayBufferLike;
  readonly kernels: Pick<Kernels, 'largest_weights' | 'list_pairs' | 'quantise_blocks' | 'quantise_panels'>;
  readonly constants: KernelConstants;
  readonly levels: Levels;
  /** Byte address, a multiple of 16; nothing else may live there while weights are packed. */
  readonly staging: number;
}

/** Of a row (scale, zero point, mean) and of a column (step, inverse, bias, sums) in the staging area. */
const ROW_DOUBLES = 3;
const COLUMN_ROWS = 5;
/** Of a channel of blocks: step, zero point, bias, sums, scale, mean. */
const BLOCK_ROWS = 7;

/** Bytes of staging that an operation's weights and what the kernels need beside them may take, in whatever precision they come. */
export function integerStagingBytes(packed: PackedIntegers, constants: KernelConstants): number {
  if (packed.layout === 'rows') return 0;
  if (packed.layout === 'blocks') {
    const taps = packed.kernelSize ** 2;
    return 8 * (ROW_DOUBLES * taps + 2) + (8 * BLOCK_ROWS + 4 * taps) * packed.storedChannels;
  }
  const { storedInChannels } = packed;
  const columns =
    TILE * (packed.bytes / panelBytes(storedInChannels, storedBytes({ wide: packed.wideInput }, constants), constants));
  return 8 * ROW_DOUBLES * storedInChannels + 8 * COLUMN_ROWS * columns + 4 * storedInChannels * columns;
}

/** Writes an operation's parameters as the kernels read them. The memory is zero before. */
export function packIntegers(
  packed: PackedIntegers,
  weightsOf: (layer: string) => FoldedWeights,
  target: IntegerTarget,
): void {
  switch (packed.layout) {
    case 'rows':
      rowsOf(packed.rows, target.levels, packed.storedChannels).forEach((row, index) => {
        new Float32Array(target.memory, packed.address + 4 * index * packed.storedChannels, row.length).set(row);
      });
      return;
    case 'panels':
      packPanels(packed, weightsOf(packed.layer), target);
      return;
    case 'blocks':
      packBlocks(packed, weightsOf(packed.layer), target);
      return;
    default:
      packed satisfies never;
  }
}

function levelsOf({ values }: Levels, name: string): ValueLevels {
  return values.get(name)!;
}

function rowsOf(rows: Rows, levels: Levels, channels: number): readonly Float32Array[] {
  switch (rows.kind) {
    case 'add': {
      const [first, second] = rows.inputs.map((name) => levelsOf(levels, name)) as [ValueLevels, ValueLevels];
      const { scale, zero } = levelsOf(levels, rows.output);
      const a = first.scale.map((each, c) => each / scale[c]!);
      const b = second.scale.map((each, c) => each / scale[c]!);
      return [a, b, zero.map((each, c) => each - first.zero[c]! * a[c]! - second.zero[c]! * b[c]!)];
    }
    case 'scale': {
      const from = levelsOf(levels, rows.input);
      const to = levelsOf(levels, rows.output);
      return [from.scale.map((scale, c) => scale / to.scale[c]!), from.zero, to.zero];
    }
    case 'dequantise': {
      const { scale, zero } = levelsOf(levels, rows.map);
      return [scale, zero];
    }
    case 'quantise': {
      const { scale, zero } = levelsOf(levels, rows.map);
      return [scale.map((each) => 1 / each), zero.map((each) => ROUNDING + each)];
    }
    case 'repeated':
      return rowsOf({ kind: 'quantise', map: rows.map }, levels, channels).map((row) =>
        Float32Array.from({ length: channels }, (_, c) => row[c % row.length]!),
      );
    case 'zeros':
      return [levelsOf(levels, rows.map).zero];
    default:
      return rows satisfies never;
  }
}

/** weights [inChannels][outChannels], of a convolution [ky][kx][inChannels][outChannels] */
function packPanels(packed: PackedPanels, { weights, bias }: FoldedWeights, target: IntegerTarget): void {
  const { storedInChannels, address } = packed;
  const { memory, kernels, constants, levels, staging } = target;
  const input = levelsOf(levels, packed.input);
  const outChannels = bias.length;
  const inChannels = weights.length / outChannels;
  const most = largestWeight(input, inChannels);
  const each = storedBytes(input, constants);
  const stride = panelBytes(storedInChannels, each, constants);

  const inputs = new Float64Array(memory, staging, ROW_DOUBLES * storedInChannels);
  for (let k = 0; k < inChannels; k++) {
    inputs[ROW_DOUBLES * k] = input.scale[k % input.scale.length]!;
    inputs[ROW_DOUBLES * k + 1] = input.zero[k % input.zero.length]!;
    inputs[ROW_DOUBLES * k + 2] = input.mean[k % input.mean.length]!;
  }
  const columns = Math.ceil(outChannels / TILE) * TILE;
  const channels = new Float64Array(memory, inputs.byteOffset + inputs.byteLength, COLUMN_ROWS * columns);
  channels.fill(0);
  const from = stage(weights, { memory, staging: channels.byteOffset + channels.byteLength });
  const half = weights instanceof Uint16Array ? 1 : 0;

  let steps = levels.steps.get(packed.value);
  if (!steps) {
    kernels.largest_weights(channels.byteOffset, from, half, inChannels, outChannels, inputs.byteOffset);
    steps = Float32Array.from(channels.subarray(0, outChannels), (largest) => largest / most);
  }
  const sums = new Sums(steps, bias);
  channels.set(sums.steps);
  channels.set(
    sums.steps.map((step) => 1 / step),
    columns,
  );
  channels.set(sums.bias, 2 * columns);
  const to = address + constants.headerBytes;
  kernels.quantise_panels(
    to,
    from,
    half,
    inChannels,
    outChannels,
    stride,
    each,
    inputs.byteOffset,
    channels.byteOffset,
    most,
  );
  sums.take(channels, columns);
  writeHeaders(packed, sums, target, stride);
  if (each === 1) kernels.list_pairs(address, columns / TILE, storedInChannels);
}

/** weights [kernelSize][kernelSize][channels] */
function packBlocks(packed: PackedBlocks, { weights, bias }: FoldedWeights, target: IntegerTarget): void {
  const { kernelSize, storedChannels, address } = packed;
  const { memory, kernels, constants, levels, staging } = target;
  const input = levelsOf(levels, packed.input);
  const count = bias.length;
  const most = largestWeight(input, kernelSize ** 2);
  const each = storedBytes(input, constants);
  const blockBytes = constants.headerBytes + kernelSize * Math.ceil((kernelSize * each) / 4) * 32;

  const ones = new Float64Array(memory, staging, ROW_DOUBLES * kernelSize ** 2 + 1).fill(1);
  const channels = new Float64Array(
    memory,
    staging + Math.ceil(ones.byteLength / 16) * 16,
    BLOCK_ROWS * storedChannels,
  );
  const from = stage(weights, { memory, staging: channels.byteOffset + channels.byteLength });
  const half = weights instanceof Uint16Array ? 1 : 0;
  let steps = levels.steps.get(packed.value);
  if (!steps) {
    kernels.largest_weights(channels.byteOffset, from, half, kernelSize ** 2, count, ones.byteOffset);
    steps = input.scale.map((scale, c) => (channels[c]! * scale) / most);
  }
  const sums = new Sums(steps, bias);
  channels.fill(0);
  // lanes without a channel must not divide by zero
  channels.fill(1, 0, storedChannels);
  channels.fill(1, 5 * storedChannels, 6 * storedChannels);
  [sums.steps, input.zero, sums.bias, [], [], input.scale, input.mean].forEach((row, index) => {
    channels.set(row, index * storedChannels);
  });
  const to = address + constants.headerBytes;
  kernels.quantise_blocks(to, from, half, kernelSize, count, blockBytes, each, channels.byteOffset, most);
  sums.take(channels, storedChannels);
  writeHeaders(packed, sums, target, blockBytes);
  const padding = each === 1 ? new Uint8Array(memory) : new Int16Array(memory);
  for (let x = 0; x < packed.width; x++) padding.set(input.zero, packed.padding / each + x * storedChannels);
}

/** What packing finds out about each output channel. */
class Sums {
  readonly steps: Float32Array;
  /** In real units, with what rounding the weights shifts given back. */
  readonly bias: Float64Array;
  /** Σ weight · zero point of the input. */
  readonly zeros: Float64Array;
  readonly sizes: Float64Array;

  constructor(steps: Float32Array, bias: Float32Array) {
    this.bias = Float64Array.from(bias);
    this.zeros = new Float64Array(bias.length);
    this.sizes = new Float64Array(bias.length);
    // a channel without weights, or with a bias far beyond them
    this.steps = steps.map((step, n) => Math.max(step, Math.abs(bias[n]!) / LARGEST_BIAS, 1e-20));
  }

  /** What the kernel left in rows 2, 3 and 4 of `columns` values. */
  take(channels: Float64Array, columns: number): void {
    [this.bias, this.zeros, this.sizes].forEach((sums, index) => {
      const first = (2 + index) * columns;
      sums.set(channels.subarray(first, first + sums.length));
    });
  }
}

function writeHeaders(
  packed: PackedPanels | PackedBlocks,
  sums: Sums,
  { memory, constants, levels }: IntegerTarget,
  stride: number,
): void {
  const { activation, highest } = packed;
  const curved = activation !== 'none';
  const input = levelsOf(levels, packed.input);
  const output = packed.output === undefined ? undefined : levelsOf(levels, packed.output);
  const residual = packed.residual === undefined ? undefined : levelsOf(levels, packed.residual);
  const integers = new Int32Array(memory);
  const floats = new Float32Array(memory);
  const limits = output && storedBytes(output, constants) === 2 ? new Int16Array(memory) : new Uint8Array(memory);
  sums.steps.forEach((step, n) => {
    const at = (packed.address + Math.floor(n / TILE) * stride) / 4 + (n % TILE);
    const second = residual ? residual.scale[n]! / output!.scale[n]! : curved ? 1 / (output?.scale[n] ?? 1) : 0;
    let bias = sums.bias[n]! / step - sums.zeros[n]!;
    if (residual) bias -= (residual.zero[n]! * residual.scale[n]!) / step;
    bias = Math.max(-LARGEST_BIAS, Math.min(LARGEST_BIAS, Math.round(bias)));
    const largest = sums.sizes[n]! * (input.wide ? WIDE_MAX : NARROW_MAX) + Math.abs(bias);
    const unit = output && !curved ? 1 / output.scale[n]! : 1;
    const limit = LARGEST_RESULT / (largest * (curved ? second : 1));
    integers[at] = bias;
    floats[at + 8] = output ? Math.min(step * unit, limit) : step;
    floats[at + 16] = output ? ROUNDING + output.zero[n]! : 0;
    floats[at + 24] = second;
    if (!output) return;
    const most = output.wide ? WIDE_MAX : NARROW_MAX;
    const last = Math.min(most, Math.max(0, Math.round(highest / output.scale[n]! + output.zero[n]!)));
    const first = packed.address + Math.floor(n / TILE) * stride + 128;
    limits[first / limits.BYTES_PER_ELEMENT + (n % TILE)] = last;
  });
}
