import type { Pads } from '../../../networks/types.js';
import { placeAxis } from '../../../networks/windows.js';
import type { Window } from '../../graph/builder.js';
import { type MapValue, NO_PADS } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';

const MAX_WINDOW = 1024;

/** A window along one axis. */
interface AxisWindow {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** Over the input, with the holes of its dilation. */
  readonly reach: number;
}

/** A window with what `ceil_mode` added to its pads. */
export interface PlacedWindow extends Window {
  /** Some of the pads are no padding: the last window reaches over the end. */
  readonly isCeiled: boolean;
}

/**
 * Where the window of a Conv or a pool lies; pads are four numbers whatever `auto_pad` and `ceil_mode` say.
 * @param kernel its height and width, where the filter says so
 */
export function readWindow(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  kernel?: readonly number[],
): PlacedWindow {
  const { operator } = node;
  const stated = node.attributes.get('kernel_shape')?.integers ?? [];
  const sizes = kernel ?? stated;
  if (sizes.length !== 2) {
    throw importer.unsupported(`${operator} with a window of ${sizes.join('×') || 'no size'}, expected height × width`);
  }
  if (stated.length > 0 && stated.join() !== sizes.join()) {
    throw importer.damaged(`${operator} with kernel_shape ${stated.join('×')}, expected ${sizes.join('×')}`);
  }
  const rows = readAxis(importer, node, sizes, 0);
  const columns = readAxis(importer, node, sizes, 1);
  const stated4 = readPads(importer, node, value, rows, columns);
  const { pads, isCeiled } = extend(importer, node, value, stated4, rows, columns);
  return {
    kernelSize: rows.size,
    ...(columns.size !== rows.size && { kernelWidth: columns.size }),
    stride: rows.stride,
    ...(columns.stride !== rows.stride && { strideWidth: columns.stride }),
    ...((rows.dilation !== 1 || columns.dilation !== 1) && {
      dilation: rows.dilation,
      dilationWidth: columns.dilation,
    }),
    pads,
    isCeiled,
  };
}

function readAxis(importer: OnnxImporter, node: OnnxNode, sizes: readonly number[], axis: number): AxisWindow {
  const list = (name: string) => {
    const values = node.attributes.get(name)?.integers ?? [];
    if (values.length !== 0 && values.length !== 2) {
      throw importer.unsupported(`${node.operator} with ${name} ${values.join()}, expected two`);
    }
    return values[axis] ?? 1;
  };
  const [size, stride, dilation] = [sizes[axis] ?? 1, list('strides'), list('dilations')];
  for (const count of [size, stride, dilation]) {
    if (!(count >= 1 && count <= MAX_WINDOW)) {
      throw importer.damaged(
        `${node.operator} with a window, stride or dilation of ${count}, expected 1 to ${MAX_WINDOW}`,
      );
    }
  }
  return { size, stride, dilation, reach: (size - 1) * dilation + 1 };
}

function readPads(
  importer: OnnxImporter,
  node: OnnxNode,
  { shape }: MapValue,
  rows: AxisWindow,
  columns: AxisWindow,
): Pads {
  const mode = node.attributes.get('auto_pad')?.text ?? 'NOTSET';
  if (mode === 'VALID') return NO_PADS;
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const place = (extent: number, { reach, stride }: AxisWindow) =>
      placeAxis(extent, { kernelSize: reach, stride }, 'tensorflow');
    const [vertical, horizontal] = [place(shape.height, rows), place(shape.width, columns)];
    return mode === 'SAME_UPPER'
      ? { top: vertical.before, bottom: vertical.after, left: horizontal.before, right: horizontal.after }
      : { top: vertical.after, bottom: vertical.before, left: horizontal.after, right: horizontal.before };
  }
  if (mode !== 'NOTSET' && mode !== '') {
    throw importer.unsupported(`${node.operator} with auto_pad ${JSON.stringify(mode)}`);
  }
  const list = node.attributes.get('pads')?.integers ?? [];
  if (list.length !== 0 && list.length !== 4) {
    throw importer.unsupported(`${node.operator} with pads ${list.join()}, expected four`);
  }
  const [top = 0, left = 0, bottom = 0, right = 0] = list;
  for (const count of [top, left, bottom, right]) {
    if (!(count >= 0 && count <= MAX_WINDOW)) {
      throw importer.damaged(`${node.operator} with pads ${list.join()}, expected 0 to ${MAX_WINDOW}`);
    }
  }
  return { top, left, bottom, right };
}

/** With room for a last window that reaches over the end, where `ceil_mode` says that it counts. */
function extend(
  importer: OnnxImporter,
  node: OnnxNode,
  { shape }: MapValue,
  pads: Pads,
  rows: AxisWindow,
  columns: AxisWindow,
): { readonly pads: Pads; readonly isCeiled: boolean } {
  if (importer.attribute(node, 'ceil_mode', 0) === 0) return { pads, isCeiled: false };
  const below = roundUp(shape.height, rows, pads.top, pads.bottom);
  const behind = roundUp(shape.width, columns, pads.left, pads.right);
  return {
    pads: { ...pads, bottom: pads.bottom + below, right: pads.right + behind },
    isCeiled: below > 0 || behind > 0,
  };
}

/** Rows to add so that the last window, which may reach over the end, counts: it must begin inside. */
function roundUp(input: number, { reach, stride }: AxisWindow, before: number, after: number): number {
  const room = input + before + after - reach;
  const output = Math.ceil(room / stride) + 1;
  const last = (output - 1) * stride;
  if (room < 0 || last >= input + before) return 0;
  return Math.max(last - room, 0);
}
