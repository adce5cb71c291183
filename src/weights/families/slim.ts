import type { ParameterName } from '../../networks/types.js';
import { placeV1, placeV2 } from './names.js';
import { type Dialect, type Family, slimInput } from './types.js';

const AVERAGE = '/ExponentialMovingAverage';

/** What optimisers leave in a checkpoint beside the weights. */
const TRAINING = /(^|\/)(global_step|(RMSProp|Adam|Momentum|Adagrad)(_\d+)?)$/;

/**
 * Names of TF-slim's checkpoints, and of the graphs that TensorFlow Hub made of them: there the batch norm is folded,
 * its offset called after the operation. Averaged copies of the weights are what was measured.
 */
const dialect: Dialect = {
  axes: 'tensorflow',
  rename(source) {
    if (TRAINING.test(source) || source.includes('/hub_input/')) return undefined;
    return source
      .replace(AVERAGE, '')
      .replace(/:0$/, '')
      .replace(/^module(_apply_default)?\//, '')
      .replace(/^(MobilenetV[12])\/\1\//, '$1/')
      .replace(/\/Conv2D_weights$/, '/weights')
      .replace(/\/(Conv2D|depthwise)_bn_offset$/, '/biases');
  },
  isPreferred: (source) => source.endsWith(AVERAGE),
};

function names(scope: string, weights = 'weights'): Readonly<Partial<Record<ParameterName, string>>> {
  return {
    weights: `${scope}/${weights}`,
    bias: `${scope}/biases`,
    gamma: `${scope}/BatchNorm/gamma`,
    beta: `${scope}/BatchNorm/beta`,
    mean: `${scope}/BatchNorm/moving_mean`,
    variance: `${scope}/BatchNorm/moving_variance`,
  };
}

/** TF-slim's `mobilenet_v1`: 1001 classes, the first one background. */
export const slimV1: Family = {
  title: 'TF-slim MobilenetV1',
  network: 'mobilenet_v1',
  dialect,
  padding: 'tensorflow',
  epsilon: 1e-3,
  input: slimInput,
  names(layer) {
    const place = placeV1(layer);
    if (place.part === 'stem') return names('MobilenetV1/Conv2d_0');
    if (place.part === 'head') return names('MobilenetV1/Logits/Conv2d_1c_1x1');
    const scope = `MobilenetV1/Conv2d_${place.block}_${place.part}`;
    return names(scope, place.part === 'depthwise' ? 'depthwise_weights' : 'weights');
  },
};

/** TF-slim's `mobilenet_v2`: 1001 classes, the first one background. */
export const slimV2: Family = {
  title: 'TF-slim MobilenetV2',
  network: 'mobilenet_v2',
  dialect,
  padding: 'tensorflow',
  epsilon: 1e-3,
  input: slimInput,
  names(layer) {
    const place = placeV2(layer);
    if (place.part === 'stem') return names('MobilenetV2/Conv');
    if (place.part === 'top') return names('MobilenetV2/Conv_1');
    if (place.part === 'head') return names('MobilenetV2/Logits/Conv2d_1c_1x1');
    const block = place.block === 0 ? 'expanded_conv' : `expanded_conv_${place.block}`;
    const scope = `MobilenetV2/${block}/${place.part}`;
    return names(scope, place.part === 'depthwise' ? 'depthwise_weights' : 'weights');
  },
};
