import { type BuildOptions, checkBuildOptions, scaleChannels } from './channels.js';
import { LayerList } from './layer-list.js';
import type { Network } from './types.js';

interface Block {
  readonly outChannels: number;
  readonly stride: number;
}

const STEM_CHANNELS = 32;

/**
 * Depthwise separable blocks of arXiv:1704.04861, table 1. The table prints stride 2 for the last depthwise
 * convolution; its own output shapes need stride 1.
 */
const BLOCKS: readonly Block[] = [
  { outChannels: 64, stride: 1 },
  { outChannels: 128, stride: 2 },
  { outChannels: 128, stride: 1 },
  { outChannels: 256, stride: 2 },
  { outChannels: 256, stride: 1 },
  { outChannels: 512, stride: 2 },
  { outChannels: 512, stride: 1 },
  { outChannels: 512, stride: 1 },
  { outChannels: 512, stride: 1 },
  { outChannels: 512, stride: 1 },
  { outChannels: 512, stride: 1 },
  { outChannels: 1024, stride: 2 },
  { outChannels: 1024, stride: 1 },
];

/** Table 5's shallow network leaves out the five blocks at 14 × 14 × 512. */
const SHALLOW_BLOCKS: readonly Block[] = [...BLOCKS.slice(0, 6), ...BLOCKS.slice(11)];

type Separable = (list: LayerList, number: number, outChannels: number, stride: number) => void;

/** Depthwise 3×3, then pointwise, each with batch norm and ReLU6 (as trained; the paper writes ReLU). */
function addSeparable(list: LayerList, number: number, outChannels: number, stride: number): void {
  list.depthwise(`conv_dw_${number}`, 3, { stride, activation: 'relu6' });
  list.pointwise(`conv_pw_${number}`, outChannels, { activation: 'relu6' });
}

function addFullConv(list: LayerList, number: number, outChannels: number, stride: number): void {
  list.conv(`conv_full_${number}`, outChannels, 3, { stride, activation: 'relu6' });
}

function build(id: string, blocks: readonly Block[], addBlock: Separable, options: BuildOptions): Network {
  const { alpha, classes } = checkBuildOptions(id, options);
  const list = new LayerList();
  list.conv('conv1', scaleChannels(STEM_CHANNELS, alpha), 3, { stride: 2, activation: 'relu6' });
  for (const [index, { outChannels, stride }] of blocks.entries()) {
    list.block = `block ${index + 1}`;
    addBlock(list, index + 1, scaleChannels(outChannels, alpha), stride);
  }
  list.block = undefined;
  list.globalAveragePool('global_average_pooling2d');
  list.dense('conv_preds', classes);
  list.probabilities(classes);
  return { id, alpha, classes, inputChannels: 3, layers: list.layers };
}

/** MobileNet v1 (arXiv:1704.04861, table 1): 224 × 224 × 3 → `classes` probabilities. */
export function buildMobilenetV1(options: BuildOptions = {}): Network {
  return build('mobilenet_v1', BLOCKS, addSeparable, options);
}

/** Table 4's comparison: every separable block as one full 3×3 convolution. For cost only. */
export function buildMobilenetV1FullConv(options: BuildOptions = {}): Network {
  return build('mobilenet_v1_full_conv', BLOCKS, addFullConv, options);
}

/** Table 5's comparison: the network without its five 14 × 14 × 512 blocks. For cost only. */
export function buildMobilenetV1Shallow(options: BuildOptions = {}): Network {
  return build('mobilenet_v1_shallow', SHALLOW_BLOCKS, addSeparable, options);
}
