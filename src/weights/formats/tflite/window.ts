import type { Activation, Pads } from '../../../networks/types.js';
import { placeAxis } from '../../../networks/windows.js';
import { formatShape } from '../../graph/imported-model.js';
import type { Table } from './flatbuffer.js';
import type { Operation, TfliteGraph, TfliteTensor } from './graph.js';
import { OPTIONS_TYPE, PADDING_SAME, PADDING_VALID, POOL_OPTIONS } from './schema.js';
import { type Importer, NO_PADS, type Value } from './tflite-importer.js';

const MAX_STRIDE = 1024;
const MAX_PAD = 1024;

export interface Window {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly stride: number;
  /** SAME padding; otherwise VALID. */
  readonly same: boolean;
}

export interface PlacedWindow {
  readonly height: number;
  readonly width: number;
  readonly pads: Pads;
}

/** The slots of a convolution's or a pool's options. */
interface Slots {
  readonly padding: number;
  readonly strideW: number;
  readonly strideH: number;
}

/** Whoever reads a graph: as real numbers or as integers. */
interface Reader {
  readonly graph: TfliteGraph;
}

/** What a window slides over. */
type Windowed = Pick<Value, 'shape' | 'pads'>;

/** Output size and pads of a window over `value`, zeros of a PAD before it included. */
export function placeWindow(reader: Reader, operation: Operation, value: Windowed, window: Window): PlacedWindow {
  const around = value.pads ?? NO_PADS;
  const { kernelH, kernelW, stride, same } = window;
  const convention = same ? 'tensorflow' : 'explicit';
  const { height, width } = value.shape;
  const rows = placeAxis(height + around.top + around.bottom, { kernelSize: kernelH, stride }, convention);
  const columns = placeAxis(width + around.left + around.right, { kernelSize: kernelW, stride }, convention);
  if (Math.min(kernelH, kernelW) < 1 || rows.output < 1 || columns.output < 1) {
    throw reader.graph.damaged(
      `${operation.name} of ${kernelH} × ${kernelW} over ${formatShape(value.shape)}, expected a window that fits`,
    );
  }
  const pads = {
    top: around.top + rows.before,
    bottom: around.bottom + rows.after,
    left: around.left + columns.before,
    right: around.right + columns.after,
  };
  if (Math.max(pads.top, pads.bottom, pads.left, pads.right) > MAX_PAD) {
    throw reader.graph.damaged(
      `${operation.name} with ${Object.values(pads).join(', ')} rows of zeros, expected at most ${MAX_PAD} on a side`,
    );
  }
  return { height: rows.output, width: columns.output, pads };
}

/** Stride and padding, as far as the layers can say them. */
export function readSteps(
  reader: Reader,
  operation: Operation,
  options: Table,
  slots: Slots,
): { readonly stride: number; readonly same: boolean } {
  const { graph } = reader;
  const stride = options.int32(slots.strideW, 0);
  const strideH = options.int32(slots.strideH, 0);
  if (stride !== strideH) {
    throw graph.unsupported(`${operation.name} with strides ${strideH} and ${stride}, expected equal ones`);
  }
  if (stride < 1 || stride > MAX_STRIDE) {
    throw graph.damaged(`${operation.name} with stride ${stride}, expected 1 to ${MAX_STRIDE}`);
  }
  const padding = options.int8(slots.padding, PADDING_SAME);
  if (padding !== PADDING_SAME && padding !== PADDING_VALID) {
    throw graph.damaged(`${operation.name} with padding ${padding}, expected SAME or VALID`);
  }
  return { stride, same: padding === PADDING_SAME };
}

/** Where a convolution's window lies; dilated and oblong windows are refused. */
export function readConvWindow(
  reader: Reader,
  operation: Operation,
  value: Windowed,
  filter: TfliteTensor,
  options: Table,
  slots: Slots & { readonly dilationW: number; readonly dilationH: number },
): PlacedWindow & { readonly kernelSize: number; readonly stride: number } {
  const { graph } = reader;
  const [, kernelH, kernelW] = filter.shape;
  if (filter.shape.length !== 4 || kernelH === undefined || kernelH !== kernelW) {
    throw graph.unsupported(
      `${operation.name} with a filter of ${filter.shape.join('×')}, expected 4 dimensions and a square window`,
    );
  }
  const width = options.int32(slots.dilationW, 1);
  const height = options.int32(slots.dilationH, 1);
  if (width !== 1 || height !== 1) {
    throw graph.unsupported(`${operation.name} with dilation ${height} × ${width}, expected 1`);
  }
  const steps = readSteps(reader, operation, options, slots);
  const placed = placeWindow(reader, operation, value, { kernelH, kernelW, ...steps });
  return { ...placed, kernelSize: kernelH, stride: steps.stride };
}

/** What a pool reads, where its window lies, and its activation. */
export function readPool(
  importer: Importer,
  operation: Operation,
): { readonly value: Value; readonly window: Window; readonly placed: PlacedWindow; readonly activation: Activation } {
  const options = requireOptions(importer, operation, OPTIONS_TYPE.pool);
  const value = importer.map(operation.inputs[0], operation);
  const window: Window = {
    kernelH: options.int32(POOL_OPTIONS.filterH, 0),
    kernelW: options.int32(POOL_OPTIONS.filterW, 0),
    ...readSteps(importer, operation, options, POOL_OPTIONS),
  };
  const activation = importer.readActivation(operation, options, POOL_OPTIONS.activation);
  return { value, window, placed: placeWindow(importer, operation, value, window), activation };
}

export function requireOptions(reader: Reader, operation: Operation, type: number): Table {
  const options = operation.options(type);
  if (options === undefined) {
    throw reader.graph.damaged(`${operation.name} without its options, expected them`);
  }
  return options;
}
