import type { KerasCall, LayerHandler } from '../layer-handler.js';
import { asMap, mapInput, readPair, refuseLayer } from '../layer-handler.js';
import { readWindow } from './windows.js';

const DEFAULT_POOL = 2;

export const maxPooling: LayerHandler = (call) => {
  const value = mapInput(call);
  const window = readWindow(call, value, poolSize(call), poolSize(call));
  return asMap(call.graph.builder.maxPool(value, window, call.target));
};

/** The mean of what lies inside of the map. */
export const averagePooling: LayerHandler = (call) => {
  const value = mapInput(call);
  const window = readWindow(call, value, poolSize(call), poolSize(call));
  return asMap(call.graph.builder.averagePool(value, window, false, call.target));
};

export const globalAveragePooling: LayerHandler = (call) => {
  const value = mapInput(call);
  return call.graph.builder.globalAveragePool(value, {
    ...call.target,
    dims: pooledDims(value.shape.channels, call.layer.config.keepdims),
  });
};

export const globalMaxPooling: LayerHandler = (call) => {
  const value = mapInput(call);
  return call.graph.builder.globalMaxPool(value, {
    ...call.target,
    dims: pooledDims(value.shape.channels, call.layer.config.keepdims),
  });
};

/** Dimensions of what is left of a map without its height and width. */
export function pooledDims(channels: number, keepDims: unknown): readonly number[] {
  return keepDims === true ? [1, 1, 1, channels] : [1, channels];
}

function poolSize(call: KerasCall): readonly [number, number] {
  const size = readPair(call.layer.config.pool_size ?? DEFAULT_POOL);
  if (size === undefined) throw refuseLayer(call, 'has a pool_size that is not two whole numbers');
  return size;
}
