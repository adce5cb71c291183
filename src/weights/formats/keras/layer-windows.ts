import type { Pads } from '../../../networks/types.js';
import { placeAxis } from '../../../networks/windows.js';
import { isJsonObject } from '../../../untrusted-data/json-object.js';
import type { GraphBuilder, Window } from '../../graph/builder.js';
import { type MapValue, NO_PADS } from '../../graph/value.js';
import { type KerasLayer, type KerasTopology, quote } from './model-config.js';

const DEFAULT_SIDE = 224;

/** [1, height, width, channels] of the layer that states it; sides left open are 224. */
export function readInputDims({ layers }: KerasTopology): number[] | undefined {
  for (const { config } of layers.slice(0, 1)) {
    const stated = config.batch_input_shape ?? config.batch_shape ?? config.input_shape;
    if (Array.isArray(stated) && stated.length === 4) {
      return stated.map((size, axis) =>
        typeof size === 'number' ? size : axis === 0 ? 1 : axis === 3 ? 3 : DEFAULT_SIDE,
      );
    }
    // A model within the model knows.
    if (isJsonObject(config) && Array.isArray(config.layers) && isJsonObject(config.layers[0])) {
      const inner = config.layers[0];
      return readInputDims({
        layers: [{ className: '', name: '', config: isJsonObject(inner.config) ? inner.config : {}, inputs: [] }],
        input: undefined,
        output: '',
      });
    }
  }
  return undefined;
}

/** A square window and its zeros: none, or as many as TensorFlow puts around this map. */
export function readWindow(
  builder: GraphBuilder,
  { className, name, config }: KerasLayer,
  value: MapValue,
  size: unknown,
): Window {
  const kernel = readPair(size);
  const strides = readPair(config.strides ?? (className === 'MaxPooling2D' ? size : 1));
  const isSquare = kernel && strides && kernel[0] === kernel[1] && strides[0] === strides[1];
  if (!isSquare) throw builder.unsupported(`${className} ${quote(name)} with a window that is not square`);
  const [kernelSize] = kernel;
  const [stride] = strides;
  if (config.padding === 'valid' || config.border_mode === 'valid') return { kernelSize, stride, pads: NO_PADS };
  if (config.padding !== 'same' && config.border_mode !== 'same') {
    throw builder.unsupported(`${className} ${quote(name)} with padding ${config.padding}, expected valid or same`);
  }
  if (value.pads !== undefined) throw builder.unsupported(`${className} ${quote(name)} padded twice`);
  const rows = placeAxis(value.shape.height, { kernelSize, stride }, 'tensorflow');
  const columns = placeAxis(value.shape.width, { kernelSize, stride }, 'tensorflow');
  const pads = { top: rows.before, bottom: rows.after, left: columns.before, right: columns.after };
  return { kernelSize, stride, pads };
}

/** The four counts of a ZeroPadding2D. */
export function readPads(builder: GraphBuilder, { name, config }: KerasLayer): Pads {
  const [vertical, horizontal] = Array.isArray(config.padding) ? config.padding : [config.padding, config.padding];
  const rows = readPair(vertical);
  const columns = readPair(horizontal);
  if (!rows || !columns) throw builder.unsupported(`ZeroPadding2D ${quote(name)}, expected four counts`);
  return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] };
}

/** One whole number for both, or two. */
export function readPair(value: unknown): readonly [number, number] | undefined {
  const pair = Array.isArray(value) ? value : [value, value];
  return pair.length === 2 && pair.every((each) => Number.isInteger(each)) ? [pair[0], pair[1]] : undefined;
}
