import {
  forChannels,
  type KerasCall,
  type LayerHandler,
  passOn,
  readNumbers,
  refuseLayer,
  showSetting,
  soleInput,
} from '../layer-handler.js';

const DEFAULT_EPSILON = 1e-3;
/** Below this Keras takes no deviation (`keras.backend.epsilon()`). */
const SMALLEST_DEVIATION = 1e-7;

export const batchNormalization: LayerHandler = (call) => {
  const value = soleInput(call);
  const { graph, layer, target } = call;
  const { config } = layer;
  requireLastAxis(call, value.dims.length, config.axis ?? -1);
  const channels = value.dims.at(-1)!;
  const read = (name: string) => graph.numbers(layer, name, channels);
  const gamma = config.scale === false ? new Float32Array(channels).fill(1) : read('gamma');
  const beta = config.center === false ? new Float32Array(channels) : read('beta');
  const mean = read('moving_mean');
  const variance = read('moving_variance');
  const epsilon = typeof config.epsilon === 'number' ? config.epsilon : DEFAULT_EPSILON;
  const scale = Array.from(gamma, (factor, c) => factor / Math.sqrt(variance[c]! + epsilon));
  const offset = Array.from(beta, (base, c) => base - mean[c]! * scale[c]!);
  return graph.affine(value, scale, offset, target);
};

/** (x − mean) ÷ deviation with what was observed when the layer was adapted, or with what its author stated. */
export const normalization: LayerHandler = (call) => {
  const value = soleInput(call);
  const { graph, layer, target } = call;
  const { axis, mean: statedMean, variance: statedVariance, invert } = layer.config;
  // Without an axis there is one mean for all values.
  const isForAll = axis === null || (Array.isArray(axis) && axis.length === 0);
  if (!isForAll) requireLastAxis(call, value.dims.length, axis ?? -1);
  const isStated = statedMean !== undefined && statedMean !== null;
  const read = (name: string) => [...(graph.constant(layer, name).read() as Float32Array)];
  const mean = forChannels(call, value, isStated ? readNumbers(statedMean) : read('mean'));
  const variance = forChannels(call, value, isStated ? readNumbers(statedVariance) : read('variance'));
  const deviation = variance.map((each) => Math.max(Math.sqrt(each), SMALLEST_DEVIATION));
  if (invert === true) return graph.affine(value, deviation, mean, target);
  const scale = deviation.map((each) => 1 / each);
  return graph.affine(
    value,
    scale,
    scale.map((factor, c) => -mean[c]! * factor),
    target,
  );
};

export const rescaling: LayerHandler = (call) => {
  const value = soleInput(call);
  const { scale, offset = 0 } = call.layer.config;
  const factors = forChannels(call, value, readNumbers(scale));
  const terms = forChannels(call, value, readNumbers(offset));
  return call.graph.affine(value, factors, terms, call.target);
};

/** Layers that only act in training. */
export const inactive: LayerHandler = (call) => {
  return passOn(soleInput(call), call.target);
};

function requireLastAxis(call: KerasCall, rank: number, axis: unknown): void {
  const axes: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  if (axes.length === 1 && (axes[0] === -1 || axes[0] === rank - 1)) return;
  throw refuseLayer(call, `works along axis ${showSetting(axis)}, expected the channels (-1)`);
}
