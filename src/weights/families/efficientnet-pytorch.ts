import { buildNetwork, type NetworkId } from '../../networks/index.js';
import { pytorch, torchNames } from './pytorch.js';
import { type Family, type InputRule, imagenetStatistics } from './types.js';

/** TensorFlow's EfficientNets scale the shorter side, cubically, to 32 pixels more than they crop. */
const resize = (resolution: number): number => resolution + 32;

/** (byte − 127) ÷ 128, as tensorflow/tpu has it (efficientnet/lite/efficientnet_lite_builder.py). */
const liteInput: InputRule = {
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
  filter: 'pil-bicubic',
  resize,
};

/**
 * The layout of the PyPI packages efficientnet-pytorch and efficientnet-lite-pytorch: conversions of TensorFlow's weights,
 * their blocks counted through from 0. Within a block `_bn0` follows the expansion, `_bn1` the depthwise convolution.
 */
function family(network: NetworkId, title: string, input: InputRule): Family {
  let blocks: readonly string[] | undefined;
  const listBlocks = () => [...new Set(buildNetwork(network).layers.flatMap(({ block }) => block ?? []))];
  return {
    title,
    network,
    dialect: pytorch,
    padding: 'tensorflow',
    epsilon: 1e-3,
    input,
    names(layer) {
      const found = /^(block\d[a-z])_(.+)$/.exec(layer);
      if (!found) {
        if (layer === 'stem_conv') return torchNames('_conv_stem', '_bn0');
        return layer === 'top_conv' ? torchNames('_conv_head', '_bn1') : torchNames('_fc');
      }
      const [, name = '', part] = found;
      blocks ??= listBlocks();
      const block = `_blocks.${blocks.indexOf(name)}`;
      if (part === 'se_reduce') return torchNames(`${block}._se_reduce`);
      if (part === 'se_expand') return torchNames(`${block}._se_expand`);
      if (part === 'expand_conv') return torchNames(`${block}._expand_conv`, `${block}._bn0`);
      if (part === 'dwconv') return torchNames(`${block}._depthwise_conv`, `${block}._bn1`);
      return torchNames(`${block}._project_conv`, `${block}._bn2`);
    },
  };
}

export const pytorchEfficientnets: readonly Family[] = [
  family('efficientnet_b0', 'efficientnet-pytorch efficientnet-b0', {
    ...imagenetStatistics,
    filter: 'pil-bicubic',
    resize,
  }),
  ...([0, 1, 2, 3, 4] as const).map((size) =>
    family(`efficientnet_lite${size}`, `efficientnet-lite-pytorch efficientnet-lite${size}`, liteInput),
  ),
];
