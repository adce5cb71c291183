import { type PlacedWindow, placeWindow } from '../../graph/windows.js';
import type { Table } from './flatbuffer.js';
import type { Operation, TfliteTensor } from './graph.js';
import type { QuantisedReader, QuantisedValue } from './integer-reader.js';
import { readWindow, type WindowSlots } from './window.js';

/** Where a convolution's window lies; dilated and oblong windows are refused. */
export function placeConv(
  reader: QuantisedReader,
  operation: Operation,
  value: QuantisedValue,
  filter: TfliteTensor,
  options: Table,
  slots: WindowSlots,
) {
  const [, kernelHeight, kernelWidth] = filter.shape;
  if (filter.shape.length !== 4 || kernelHeight === undefined || kernelHeight !== kernelWidth) {
    throw reader.graph.unsupported(
      `${operation.name} with a filter of ${filter.shape.join('×')}, expected 4 dimensions and a square window`,
    );
  }
  return {
    ...placeWindowOf(reader, operation, value, [kernelHeight, kernelWidth], options, slots),
    kernelSize: kernelHeight,
  };
}

/** Where a window with equal strides lies. */
export function placeWindowOf(
  reader: QuantisedReader,
  operation: Operation,
  value: QuantisedValue,
  kernel: readonly [height: number, width: number],
  options: Table,
  slots: WindowSlots,
): PlacedWindow & { readonly stride: number } {
  const { graph } = reader;
  const window = readWindow(graph, operation.name, value, kernel, options, slots);
  const { stride, strideWidth, dilation, dilationWidth } = window;
  if (stride !== strideWidth) {
    throw graph.unsupported(`${operation.name} with strides ${stride} and ${strideWidth}, expected equal ones`);
  }
  if (dilation !== 1 || dilationWidth !== 1) {
    throw graph.unsupported(`${operation.name} with dilation ${dilation} × ${dilationWidth}, expected 1`);
  }
  return { ...placeWindow(graph, value, window, operation.name), stride };
}
