import { type BuildOptions, checkBuildOptions, scaleToMultipleOf8 } from './channels.js';
import { LayerList } from './layer-list.js';
import type { Activation, Network } from './types.js';

const STEM_CHANNELS = 32;
const LAST_CHANNELS = 1280;
/** The squeeze is to a quarter of the channels at the block's input, not of the expanded ones. */
const SQUEEZE_RATIO = 0.25;

/** arXiv:1905.11946, table 1; `stride` is that of the first of `repeats` blocks. */
const STAGES = [
  { expansion: 1, kernelSize: 3, outChannels: 16, repeats: 1, stride: 1 },
  { expansion: 6, kernelSize: 3, outChannels: 24, repeats: 2, stride: 2 },
  { expansion: 6, kernelSize: 5, outChannels: 40, repeats: 2, stride: 2 },
  { expansion: 6, kernelSize: 3, outChannels: 80, repeats: 3, stride: 2 },
  { expansion: 6, kernelSize: 5, outChannels: 112, repeats: 3, stride: 1 },
  { expansion: 6, kernelSize: 5, outChannels: 192, repeats: 4, stride: 2 },
  { expansion: 6, kernelSize: 3, outChannels: 320, repeats: 1, stride: 1 },
] as const;

/** What the variants of EfficientNet do differently. */
interface Variant {
  readonly id: string;
  readonly activation: Activation;
  readonly squeezes: boolean;
  /** Output channels of a stage; the stem's and the last convolution's follow α alone. */
  readonly channels: (paperChannels: number, alpha: number) => number;
  readonly repeats: (paperRepeats: number, isFirstOrLast: boolean) => number;
}

/**
 * EfficientNet-B0 (arXiv:1905.11946, table 1): 224 × 224 × 3 → `classes` probabilities. α is the paper's width
 * coefficient alone; B1 to B7 also deepen the network and are not built here.
 */
export function buildEfficientnetB0(options: BuildOptions = {}): Network {
  const variant = { id: 'efficientnet_b0', activation: 'swish', squeezes: true } as const;
  return build({ ...variant, channels: scaleToMultipleOf8, repeats: (repeats) => repeats }, options);
}

/** Width and depth coefficients of EfficientNet-Lite0 to 4 (tensorflow/tpu, efficientnet/lite/efficientnet_lite_builder.py). */
const LITE = [
  { width: 1, depth: 1 },
  { width: 1, depth: 1.1 },
  { width: 1.1, depth: 1.2 },
  { width: 1.2, depth: 1.4 },
  { width: 1.4, depth: 1.8 },
] as const;

/**
 * EfficientNet-Lite: B0's stages with ReLU6, without squeeze-and-excitation. The coefficients scale neither the stem nor
 * the last convolution, and deepen neither the first stage nor the last. α multiplies all widths, and is 1 in everything
 * that was published.
 */
function buildEfficientnetLite(size: 0 | 1 | 2 | 3 | 4, options: BuildOptions = {}): Network {
  const { width, depth } = LITE[size];
  return build(
    {
      id: `efficientnet_lite${size}`,
      activation: 'relu6',
      squeezes: false,
      channels: (paperChannels, alpha) => scaleToMultipleOf8(paperChannels, width * alpha),
      repeats: (repeats, isFirstOrLast) => (isFirstOrLast ? repeats : Math.ceil(depth * repeats)),
    },
    options,
  );
}

export const buildEfficientnetLite0 = (options?: BuildOptions) => buildEfficientnetLite(0, options);
export const buildEfficientnetLite1 = (options?: BuildOptions) => buildEfficientnetLite(1, options);
export const buildEfficientnetLite2 = (options?: BuildOptions) => buildEfficientnetLite(2, options);
export const buildEfficientnetLite3 = (options?: BuildOptions) => buildEfficientnetLite(3, options);
export const buildEfficientnetLite4 = (options?: BuildOptions) => buildEfficientnetLite(4, options);

function build({ id, activation, squeezes, channels, repeats }: Variant, options: BuildOptions): Network {
  const { alpha, classes } = checkBuildOptions(id, options);
  const list = new LayerList();
  let inChannels = scaleToMultipleOf8(STEM_CHANNELS, alpha);
  list.conv('stem_conv', inChannels, 3, { stride: 2, activation });

  for (const [index, stage] of STAGES.entries()) {
    const { expansion, kernelSize, stride } = stage;
    const outChannels = channels(stage.outChannels, alpha);
    const count = repeats(stage.repeats, index === 0 || index === STAGES.length - 1);
    for (let repeat = 0; repeat < count; repeat++) {
      const prefix = `block${index + 1}${String.fromCharCode('a'.charCodeAt(0) + repeat)}`;
      list.block = prefix;
      const shortcut = list.last;
      const blockStride = repeat === 0 ? stride : 1;
      const expanded = inChannels * expansion;
      if (expansion !== 1) list.pointwise(`${prefix}_expand_conv`, expanded, { activation });
      const map = list.depthwise(`${prefix}_dwconv`, kernelSize, { stride: blockStride, activation });
      if (squeezes) {
        addSqueezeAndExcitation(list, prefix, map, expanded, Math.max(1, Math.floor(inChannels * SQUEEZE_RATIO)));
      }
      const branch = list.pointwise(`${prefix}_project_conv`, outChannels);
      if (blockStride === 1 && inChannels === outChannels) list.add(`${prefix}_add`, shortcut, branch);
      inChannels = outChannels;
    }
  }

  list.block = undefined;
  list.pointwise('top_conv', scaleToMultipleOf8(LAST_CHANNELS, alpha), { activation });
  list.globalAveragePool('avg_pool');
  list.dense('predictions', classes);
  list.probabilities(classes);
  return { id, alpha, classes, inputChannels: 3, layers: list.layers };
}

/** Channel means → dense, swish → dense, sigmoid → factors for the channels of `map` (arXiv:1709.01507). */
function addSqueezeAndExcitation(
  list: LayerList,
  prefix: string,
  map: string,
  channels: number,
  squeezed: number,
): string {
  list.globalAveragePool(`${prefix}_se_squeeze`);
  list.dense(`${prefix}_se_reduce`, squeezed, { activation: 'swish' });
  const factors = list.dense(`${prefix}_se_expand`, channels, { activation: 'sigmoid' });
  return list.scale(`${prefix}_se_excite`, map, factors);
}
