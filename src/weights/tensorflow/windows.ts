import type { Window } from '../graph/builder.js';
import { type MapValue, NO_PADS } from '../graph/value.js';
import { samePadded } from '../graph/windows.js';
import type { TensorflowImporter, TensorflowNode } from './tensorflow-importer.js';

/** The window of a convolution or pool over `value`, zeros of a Pad before it included. */
export function readWindow(
  importer: TensorflowImporter,
  node: TensorflowNode,
  value: MapValue,
  [kernelSize, kernelWidth]: readonly [number, number],
): Window {
  const { operator } = node;
  const [strideN = 1, stride = 1, strideWidth = 1, strideC = 1] = importer.integersOf(node, 'strides');
  const [, dilation = 1, dilationWidth = 1] = importer.integersOf(node, 'dilations');
  if (strideN !== 1 || strideC !== 1) {
    throw importer.unsupported(`${operator} with strides along images or channels, expected height and width`);
  }
  if (importer.textOf(node, 'data_format', 'NHWC') !== 'NHWC') {
    throw importer.unsupported(`${operator} with channels first, expected NHWC`);
  }
  const window = { kernelSize, kernelWidth, stride, strideWidth, dilation, dilationWidth };
  const padding = importer.textOf(node, 'padding', '');
  if (padding === 'VALID') return { ...window, pads: NO_PADS };
  if (padding === 'SAME') return samePadded(importer.builder.collection, value, window, operator);
  const explicit = importer.integersOf(node, 'explicit_paddings');
  if (padding !== 'EXPLICIT' || explicit.length !== 8) {
    throw importer.unsupported(`${operator} with padding ${JSON.stringify(padding)}, expected SAME or VALID`);
  }
  const [, , top, bottom, left, right] = explicit as [number, number, number, number, number, number];
  return { ...window, pads: { top, bottom, left, right } };
}
