import type { Window } from '../../graph/builder.js';
import { type MapValue, NO_PADS } from '../../graph/value.js';
import { samePadded } from '../../graph/windows.js';
import type { Table } from './flatbuffer.js';
import type { TfliteGraph } from './graph.js';
import { PADDING_SAME, PADDING_VALID } from './schema.js';

const MAX_STRIDE = 1024;

/** The slots of a convolution's or a pool's options. */
export interface WindowSlots {
  readonly padding: number;
  readonly strideW: number;
  readonly strideH: number;
  readonly dilationW?: number;
  readonly dilationH?: number;
}

/** All numbers of a window; the pads are those of its padding alone. */
type StatedWindow = Required<Window>;

/** The window of a convolution or a pool over `value`, zeros of a PAD before it included. */
export function readWindow(
  graph: TfliteGraph,
  operator: string,
  value: Pick<MapValue, 'shape' | 'pads'>,
  [kernelSize, kernelWidth]: readonly [height: number, width: number],
  options: Table,
  slots: WindowSlots,
): StatedWindow {
  const stride = options.int32(slots.strideH, 0);
  const strideWidth = options.int32(slots.strideW, 0);
  const dilation = slots.dilationH === undefined ? 1 : options.int32(slots.dilationH, 1);
  const dilationWidth = slots.dilationW === undefined ? 1 : options.int32(slots.dilationW, 1);
  for (const size of [stride, strideWidth]) {
    if (size < 1 || size > MAX_STRIDE) {
      throw graph.damaged(`${operator} with stride ${size}, expected 1 to ${MAX_STRIDE}`);
    }
  }
  const padding = options.int8(slots.padding, PADDING_SAME);
  if (padding !== PADDING_SAME && padding !== PADDING_VALID) {
    throw graph.damaged(`${operator} with padding ${padding}, expected SAME or VALID`);
  }
  const window = { kernelSize, kernelWidth, stride, strideWidth, dilation, dilationWidth };
  if (padding === PADDING_VALID) return { ...window, pads: NO_PADS };
  return samePadded(graph, value, window, operator);
}
