import type { AppliedCurve } from '../activations.js';
import type { KernelConstants } from '../kernel-constants.js';
import type { IntegerMap } from './levels.js';

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
  /** Whether sums are scaled in words. */
  readonly inWords: boolean;
  /** Outputs are clipped to this real value. */
  readonly highest: number;
  /** By this name the levels may have steps for the weights. */
  readonly value: string;
}

/** Panels of 8 output channels of a 1×1 convolution or dense layer. */
export interface PackedPanels extends Linear {
  readonly layout: 'panels';
  readonly storedInChannels: number;
  /** Of a weight: the same as of the input's integers, or 1. */
  readonly weightBytes: 1 | 2;
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
  /** `copy`: like `add`, of an input and nothing. */
  | { readonly kind: 'scale' | 'copy'; readonly input: string; readonly output: string }
  /** `repeated`: like `quantise`, over and over in a row; `zeros`: the zero points alone. */
  | { readonly kind: 'quantise' | 'dequantise' | 'repeated' | 'zeros'; readonly map: string };

/** Bytes of a stored integer. */
export function storedBytes({ wide }: IntegerMap, { narrowBytes }: KernelConstants): 1 | 2 {
  return wide ? 2 : narrowBytes;
}

export function panelsBytes(inChannels: number, outChannels: number, each: number, constants: KernelConstants): number {
  return Math.ceil(outChannels / constants.channelTile) * panelBytes(inChannels, each, constants);
}

export function panelBytes(inChannels: number, each: number, constants: KernelConstants): number {
  const { channelTile: tile, headerBytes } = constants;
  return headerBytes + tile * inChannels * each;
}

export function blocksBytes(kernelSize: number, channels: number, each: number, constants: KernelConstants): number {
  return (channels / constants.channelTile) * blockBytes(kernelSize, each, constants);
}

/** A lane of 4 bytes for each channel holds weights one below the other. */
export function blockBytes(
  kernelSize: number,
  each: number,
  { channelTile: tile, headerBytes }: KernelConstants,
): number {
  return headerBytes + kernelSize * Math.ceil((kernelSize * each) / 4) * 4 * tile;
}

export function rowsBytes({ kind }: Rows, channels: number): number {
  return 4 * channels * (kind === 'zeros' ? 1 : kind === 'add' || kind === 'copy' || kind === 'scale' ? 3 : 2);
}

/** Bytes of staging that an operation's weights and what the kernels need beside them may take, in whatever precision they come. */
export function integerStagingBytes(packed: PackedIntegers, constants: KernelConstants): number {
  if (packed.layout === 'rows') return 0;
  const { channelTile: tile, packedInputDoubles, panelColumnRows, blockColumnRows } = constants;
  if (packed.layout === 'blocks') {
    const taps = packed.kernelSize ** 2;
    return 8 * (packedInputDoubles * taps + 2) + (8 * blockColumnRows + 4 * taps) * packed.storedChannels;
  }
  const { storedInChannels, weightBytes } = packed;
  const columns = tile * (packed.bytes / panelBytes(storedInChannels, weightBytes, constants));
  return 8 * packedInputDoubles * storedInChannels + 8 * panelColumnRows * columns + 4 * storedInChannels * columns;
}
