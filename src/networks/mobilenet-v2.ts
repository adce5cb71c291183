import { type BuildOptions, checkBuildOptions, scaleToMultipleOf8 } from './channels.js';
import { LayerList } from './layer-list.js';
import type { Network } from './types.js';

const STEM_CHANNELS = 32;
const LAST_CHANNELS = 1280;

/** arXiv:1801.04381, table 2; `stride` is that of the first of `repeats` blocks. */
const STAGES = [
  { expansion: 1, outChannels: 16, repeats: 1, stride: 1 },
  { expansion: 6, outChannels: 24, repeats: 2, stride: 2 },
  { expansion: 6, outChannels: 32, repeats: 3, stride: 2 },
  { expansion: 6, outChannels: 64, repeats: 4, stride: 2 },
  { expansion: 6, outChannels: 96, repeats: 3, stride: 1 },
  { expansion: 6, outChannels: 160, repeats: 3, stride: 2 },
  { expansion: 6, outChannels: 320, repeats: 1, stride: 1 },
] as const;

/**
 * MobileNet v2 (arXiv:1801.04381, table 2): 224 × 224 × 3 → `classes` probabilities. The first block has no
 * expansion convolution, and α below 1 leaves the last convolution at 1280 channels (section 4).
 */
export function buildMobilenetV2(options: BuildOptions = {}): Network {
  const id = 'mobilenet_v2';
  const { alpha, classes } = checkBuildOptions(id, options);
  const list = new LayerList();
  let inChannels = scaleToMultipleOf8(STEM_CHANNELS, alpha);
  list.conv('Conv1', inChannels, 3, { stride: 2, activation: 'relu6' });

  let block = 0;
  for (const { expansion, outChannels: paperChannels, repeats, stride: firstStride } of STAGES) {
    const outChannels = scaleToMultipleOf8(paperChannels, alpha);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const prefix = block === 0 ? 'expanded_conv' : `block_${block}`;
      list.block = prefix;
      const stride = repeat === 0 ? firstStride : 1;
      const shortcut = list.last;
      if (expansion !== 1) list.pointwise(`${prefix}_expand`, inChannels * expansion, { activation: 'relu6' });
      list.depthwise(`${prefix}_depthwise`, 3, { stride, activation: 'relu6' });
      const branch = list.pointwise(`${prefix}_project`, outChannels);
      // By shape, not by place: at small α a stage's first block can keep its width, and TF-slim and Keras then link
      // it as well.
      if (stride === 1 && inChannels === outChannels) list.add(`${prefix}_add`, shortcut, branch);
      inChannels = outChannels;
      block++;
    }
  }

  list.block = undefined;
  list.pointwise('Conv_1', scaleToMultipleOf8(LAST_CHANNELS, Math.max(alpha, 1)), { activation: 'relu6' });
  list.globalAveragePool('global_average_pooling2d');
  list.dense('predictions', classes);
  list.probabilities(classes);
  return { id, alpha, classes, inputChannels: 3, layers: list.layers };
}
