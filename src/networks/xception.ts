import { type BuildOptions, checkBuildOptions, scaleChannels } from './channels.js';
import { LayerList } from './layer-list.js';
import type { Activation, Network } from './types.js';

/** arXiv:1610.02357, figure 5. Blocks with a 1×1 stride-2 convolution as the shortcut and a max pool at their end. */
const ENTRY_BLOCKS = [
  { number: 2, channels: [128, 128] },
  { number: 3, channels: [256, 256] },
  { number: 4, channels: [728, 728] },
] as const;
const MIDDLE_BLOCKS = [5, 6, 7, 8, 9, 10, 11, 12] as const;
const MIDDLE_CHANNELS = [728, 728, 728] as const;
const EXIT_BLOCK = { number: 13, channels: [728, 1024] } as const;
const LAST_CHANNELS = [1536, 2048] as const;

/**
 * Xception (arXiv:1610.02357, figure 5): 299 × 299 × 3 → `classes` probabilities. The paper has no width
 * multiplier; α other than 1 is this project's extension, with MobileNet v1's rounding.
 */
export function buildXception(options: BuildOptions = {}): Network {
  const id = 'xception';
  const { alpha, classes } = checkBuildOptions(id, options);
  const width = (channels: number) => scaleChannels(channels, alpha);
  const list = new LayerList();
  list.block = 'block1';
  list.conv('block1_conv1', width(32), 3, { stride: 2, padding: 'valid', activation: 'relu' });
  list.conv('block1_conv2', width(64), 3, { padding: 'valid', activation: 'relu' });
  for (const block of ENTRY_BLOCKS) addDownsamplingBlock(list, block.number, block.channels.map(width));
  for (const number of MIDDLE_BLOCKS) {
    list.block = `block${number}`;
    const shortcut = list.last;
    const branch = addSeparables(list, number, MIDDLE_CHANNELS.map(width), shortcut, true);
    list.add(`block${number}_add`, shortcut, branch);
  }
  addDownsamplingBlock(list, EXIT_BLOCK.number, EXIT_BLOCK.channels.map(width));
  list.block = 'block14';
  for (const [index, channels] of LAST_CHANNELS.entries()) {
    addSeparable(list, `block14_sepconv${index + 1}`, width(channels), list.last, 'relu');
  }
  list.block = undefined;
  list.globalAveragePool('avg_pool');
  list.dense('predictions', classes);
  list.probabilities(classes);
  return { id, alpha, classes, inputChannels: 3, layers: list.layers };
}

function addDownsamplingBlock(list: LayerList, number: number, channels: readonly number[]): void {
  list.block = `block${number}`;
  const input = list.last;
  const shortcut = list.pointwise(`block${number}_skip`, channels.at(-1)!, { stride: 2, input });
  addSeparables(list, number, channels, input, number !== 2);
  const branch = list.maxPool(`block${number}_pool`, 3, 2);
  list.add(`block${number}_add`, shortcut, branch);
}

/**
 * Separable convolutions with ReLU between them and none after the last. The shortcut takes the block's input as it
 * is, so the ReLU before the first (`activateInput`) is a layer of its own.
 */
function addSeparables(
  list: LayerList,
  number: number,
  channels: readonly number[],
  input: string,
  activateInput: boolean,
): string {
  let from = input;
  if (activateInput) from = list.activation(`block${number}_sepconv1_act`, 'relu', input);
  for (const [index, outChannels] of channels.entries()) {
    const activation = index === channels.length - 1 ? 'linear' : 'relu';
    from = addSeparable(list, `block${number}_sepconv${index + 1}`, outChannels, from, activation);
  }
  return from;
}

/** Depthwise 3×3 with nothing after it, then pointwise with the batch norm. */
function addSeparable(
  list: LayerList,
  name: string,
  outChannels: number,
  input: string,
  activation: Activation,
): string {
  list.depthwise(`${name}_depthwise`, 3, { input, batchNorm: false });
  return list.pointwise(`${name}_pointwise`, outChannels, { activation });
}
