import type { Pads } from '../../../../networks/types.js';
import type { Window } from '../../../graph/builder.js';
import { type MapValue, NO_PADS } from '../../../graph/value.js';
import { samePadded } from '../../../graph/windows.js';
import { type KerasCall, readPair, refuseLayer, showSetting } from '../layer-handler.js';

/**
 * A layer's window over a map, and its zeros: none, or as many as TensorFlow puts around this map.
 * @param defaultStride where the layer states none
 */
export function readWindow(
  call: KerasCall,
  value: MapValue,
  kernel: readonly [number, number],
  defaultStride: unknown = 1,
): Window {
  const { config } = call.layer;
  const strides = readPair(config.strides ?? config.subsample ?? defaultStride);
  const dilations = readPair(config.dilation_rate ?? 1);
  if (!strides || !dilations) throw refuseLayer(call, 'has strides that are not two whole numbers');
  const [kernelSize, kernelWidth] = kernel;
  const [stride, strideWidth] = strides;
  const [dilation, dilationWidth] = dilations;
  const window = { kernelSize, kernelWidth, stride, strideWidth, dilation, dilationWidth };
  const padding = config.padding ?? config.border_mode ?? 'valid';
  if (padding === 'valid') return { ...window, pads: NO_PADS };
  if (padding !== 'same') {
    throw refuseLayer(call, `has padding ${showSetting(padding)}, expected valid or same`);
  }
  return samePadded(call.graph.builder.collection, value, window, call.layer.name);
}

/** The four counts of a ZeroPadding2D or Cropping2D: `n`, `[rows, columns]` or `[[top, bottom], [left, right]]`. */
export function readMargins(call: KerasCall, value: unknown): Pads {
  const [vertical, horizontal]: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const rows = readPair(vertical);
  const columns = readPair(horizontal);
  if (!rows || !columns || Math.min(...rows, ...columns) < 0) {
    throw refuseLayer(call, 'has margins that are not four counts');
  }
  return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] };
}
