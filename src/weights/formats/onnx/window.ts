import type { Pads } from '../../../networks/types.js';
import { placeAxis } from '../../../networks/windows.js';
import type { Window } from '../../graph/builder.js';
import { type MapValue, NO_PADS } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';

const MAX_WINDOW = 1024;

export interface ReadWindow extends Window {
  readonly height: number;
  readonly width: number;
}

/**
 * Where the window of a Conv or a pool lies: a square one without dilation, pads as four numbers whatever `auto_pad`
 * and `ceil_mode` say.
 * @param kernel its height and width, where the filter says so
 */
export function readWindow(
  importer: OnnxImporter,
  node: OnnxNode,
  value: MapValue,
  kernel?: readonly [number, number],
): Window {
  const { operator } = node;
  const stated = node.attributes.get('kernel_shape')?.integers;
  const sizes = kernel ?? stated;
  const [kernelSize, across] = sizes ?? [];
  if (sizes?.length !== 2 || kernelSize !== across || kernelSize === undefined) {
    throw importer.unsupported(`${operator} with a window of ${sizes?.join('×') ?? 'no size'}, expected a square one`);
  }
  if (stated !== undefined && stated.length > 0 && stated.join() !== sizes.join()) {
    throw importer.damaged(`${operator} with kernel_shape ${stated.join('×')}, expected ${sizes.join('×')}`);
  }
  const strides = node.attributes.get('strides')?.integers ?? [1, 1];
  const stride = strides[0] ?? 1;
  if (strides.length > 0 && (strides.length !== 2 || strides[1] !== stride)) {
    throw importer.unsupported(`${operator} with strides ${strides.join()}, expected two equal ones`);
  }
  const dilations = node.attributes.get('dilations')?.integers ?? [];
  if (dilations.some((dilation) => dilation !== 1)) {
    throw importer.unsupported(`${operator} with dilations ${dilations.join()}, expected 1`);
  }
  for (const size of [kernelSize, stride]) {
    if (!(size >= 1 && size <= MAX_WINDOW)) {
      throw importer.damaged(`${operator} with a window or stride of ${size}, expected 1 to ${MAX_WINDOW}`);
    }
  }
  const pads = readPads(importer, node, value, { kernelSize, stride });
  return { kernelSize, stride, pads };
}

function readPads(
  importer: OnnxImporter,
  node: OnnxNode,
  { shape }: MapValue,
  window: { readonly kernelSize: number; readonly stride: number },
): Pads {
  const mode = node.attributes.get('auto_pad')?.text ?? 'NOTSET';
  if (mode === 'VALID') return NO_PADS;
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const rows = placeAxis(shape.height, window, 'tensorflow');
    const columns = placeAxis(shape.width, window, 'tensorflow');
    return mode === 'SAME_UPPER'
      ? { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after }
      : { top: rows.after, bottom: rows.before, left: columns.after, right: columns.before };
  }
  if (mode !== 'NOTSET') throw importer.unsupported(`${node.operator} with auto_pad ${JSON.stringify(mode)}`);
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
  if (importer.attribute(node, 'ceil_mode', 0) === 0) return { top, bottom, left, right };
  return {
    top,
    left,
    bottom: bottom + roundUp(shape.height, window, top, bottom),
    right: right + roundUp(shape.width, window, left, right),
  };
}

/** Rows to add so that the last window, which may reach over the end, counts: it must begin inside. */
function roundUp(
  input: number,
  { kernelSize, stride }: { readonly kernelSize: number; readonly stride: number },
  before: number,
  after: number,
): number {
  const room = input + before + after - kernelSize;
  const output = Math.ceil(room / stride) + 1;
  const last = (output - 1) * stride;
  if (room < 0 || last >= input + before) return 0;
  return Math.max(last - room, 0);
}
