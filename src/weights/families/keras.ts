import type { ParameterName } from '../../networks/types.js';
import { placeXception } from './names.js';
import { type Dialect, type Family, type FoundTensor, imagenetStatistics, kerasInput } from './types.js';

/** Keras 1's and TensorFlow's names of what Keras 2 and 3 call otherwise. */
const PARAMETERS: Readonly<Record<string, string>> = {
  W: 'kernel',
  b: 'bias',
  running_mean: 'moving_mean',
  running_std: 'moving_variance',
  running_var: 'moving_variance',
};

/**
 * `…/LAYER/PARAMETER:0` → `LAYER/PARAMETER`; Keras 1 wrote `LAYER/LAYER_PARAMETER`. Scopes before the layer
 * (`model_weights`, the layer's own group, a model within the model) do not count.
 */
export function renameKeras(source: string): string | undefined {
  if (/^(optimizer_weights|optimizer|training)\b/.test(source)) return undefined;
  const parts = source.replace(/:0$/, '').split('/');
  const last = parts.pop()!;
  const old = /^(.+)_(W|b|gamma|beta|running_mean|running_std|(?:depth|point)wise_kernel)$/.exec(last);
  const [group, scope] = [parts.at(-2), parts.at(-1)];
  // Keras 2 repeats the layer's name as a scope, with a number behind it where the name was taken.
  const repeats = group !== undefined && scope?.startsWith(`${group}_`) && /^\d+$/.test(scope.slice(group.length + 1));
  const [layer, parameter] = old ? [old[1]!, old[2]!] : [repeats ? group : scope, last];
  if (layer === undefined) return source;
  // The picture's own statistics, in EfficientNet; the preprocessing has them.
  if (/^normalization(_\d+)?$/.test(layer)) return undefined;
  return `${layer}/${PARAMETERS[parameter] ?? parameter}`;
}

const dialect: Dialect = { axes: 'tensorflow', rename: renameKeras };

type Names = Readonly<Partial<Record<ParameterName, string>>>;

function names(layer: string, norm: string, kernel = 'kernel'): Names {
  return {
    weights: `${layer}/${kernel}`,
    bias: `${layer}/bias`,
    gamma: `${norm}/gamma`,
    beta: `${norm}/beta`,
    mean: `${norm}/moving_mean`,
    variance: `${norm}/moving_variance`,
  };
}

/** Layers made again in one session get a number: `conv1_1`. Keras 3 calls a depthwise kernel `kernel` as well. */
function settleNumbers(found: ReadonlyMap<string, FoundTensor>, known: ReadonlySet<string>) {
  const settled = new Map<string, FoundTensor>();
  for (const [name, tensor] of found) {
    const spellings = [name, name.replace(/_\d+\/(?=\w+$)/, '/')];
    const all = [...spellings, ...spellings.map((each) => each.replace(/\/kernel$/, '/depthwise_kernel'))];
    const free = all.find((each) => known.has(each) && !settled.has(each));
    settled.set(free ?? name, tensor);
  }
  return settled;
}

const base = { dialect, epsilon: 1e-3, input: kerasInput, settle: settleNumbers } as const;

/** `keras.applications.MobileNet`, whose padding at odd sizes is its own. */
export const kerasV1: Family = {
  ...base,
  title: 'Keras MobileNet',
  network: 'mobilenet_v1',
  padding: 'keras',
  names: (layer) => names(layer, `${layer}_bn`, layer.startsWith('conv_dw_') ? 'depthwise_kernel' : 'kernel'),
};

/** `keras.applications.MobileNetV2`. */
export const kerasV2: Family = {
  ...base,
  title: 'Keras MobileNetV2',
  network: 'mobilenet_v2',
  padding: 'tensorflow',
  names(layer) {
    if (layer === 'Conv1') return names(layer, 'bn_Conv1');
    if (layer === 'Conv_1') return names(layer, 'Conv_1_bn');
    return names(layer, `${layer}_BN`, layer.endsWith('_depthwise') ? 'depthwise_kernel' : 'kernel');
  },
};

/** `keras.applications.EfficientNetB0`, whose input statistics are in the model itself. */
export const kerasEfficientnetB0: Family = {
  ...base,
  title: 'Keras EfficientNetB0',
  network: 'efficientnet_b0',
  padding: 'tensorflow',
  input: { ...kerasInput, ...imagenetStatistics },
  names(layer) {
    const isDepthwise = layer.endsWith('_dwconv');
    const norm = isDepthwise ? layer.replace(/dwconv$/, 'bn') : layer.replace(/conv$/, 'bn');
    return names(layer, norm, isDepthwise ? 'depthwise_kernel' : 'kernel');
  },
};

/** Blocks whose shortcut has a convolution, in the order in which they are made. */
const SKIPS = [2, 3, 4, 13] as const;

/** `keras.applications.Xception`; the shortcuts' layers have no names of their own. */
export const kerasXception: Family = {
  ...base,
  title: 'Keras Xception',
  network: 'xception',
  padding: 'tensorflow',
  input: kerasInput,
  names(layer) {
    const place = placeXception(layer);
    if (place.part === 'depthwise' || place.part === 'pointwise') {
      const name = `block${place.block}_sepconv${place.number}`;
      return names(name, `${name}_bn`, `${place.part}_kernel`);
    }
    return names(layer, `${layer}_bn`);
  },
  settle(found, known) {
    const settled = new Map(settleNumbers(found, known));
    for (const [pattern, suffix] of [
      [/^conv(?:olution)?2d(?:_(\d+))?$/, ''],
      [/^batch_?normalization(?:_(\d+))?$/, '_bn'],
    ] as const) {
      const layers = new Map<string, number>();
      for (const name of settled.keys()) {
        const layer = name.slice(0, name.lastIndexOf('/'));
        const number = pattern.exec(layer);
        if (number) layers.set(layer, Number(number[1] ?? 0));
      }
      const order = [...layers.keys()].sort((a, b) => layers.get(a)! - layers.get(b)!);
      if (order.length !== SKIPS.length) continue;
      for (const [index, layer] of order.entries()) {
        for (const [name, tensor] of [...settled]) {
          if (!name.startsWith(`${layer}/`)) continue;
          settled.delete(name);
          settled.set(`block${SKIPS[index]}_skip${suffix}${name.slice(layer.length)}`, tensor);
        }
      }
    }
    return settled;
  },
};
