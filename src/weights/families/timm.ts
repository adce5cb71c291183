import { placeV1, placeV2, placeXception } from './names.js';
import { pytorch, torchNames } from './pytorch.js';
import { type Family, timmInput } from './types.js';

/** timm's `mobilenetv1_100` and other widths. */
export const timmV1: Family = {
  title: 'timm mobilenetv1',
  network: 'mobilenet_v1',
  dialect: pytorch,
  padding: 'pytorch',
  epsilon: 1e-5,
  input: timmInput('halves'),
  names(layer) {
    const place = placeV1(layer);
    if (place.part === 'stem') return torchNames('conv_stem', 'bn1');
    if (place.part === 'head') return torchNames('classifier');
    const block = `blocks.${place.stage.join('.')}`;
    return place.part === 'depthwise'
      ? torchNames(`${block}.conv_dw`, `${block}.bn1`)
      : torchNames(`${block}.conv_pw`, `${block}.bn2`);
  },
};

/** timm's `mobilenetv2_*` (not the deeper `110d`, `120d`). */
export const timmV2: Family = {
  title: 'timm mobilenetv2',
  network: 'mobilenet_v2',
  dialect: pytorch,
  padding: 'pytorch',
  epsilon: 1e-5,
  input: timmInput('imagenet'),
  names(layer) {
    const place = placeV2(layer);
    if (place.part === 'stem') return torchNames('conv_stem', 'bn1');
    if (place.part === 'top') return torchNames('conv_head', 'bn2');
    if (place.part === 'head') return torchNames('classifier');
    return nameBlock(place.stage, place.part);
  },
};

/** timm's `efficientnet_b0`; `tf_efficientnet_b0` has the same names with TensorFlow's padding and epsilon. */
export const timmEfficientnetB0: Family = {
  title: 'timm efficientnet_b0',
  network: 'efficientnet_b0',
  dialect: pytorch,
  padding: 'pytorch',
  epsilon: 1e-5,
  input: timmInput('imagenet'),
  names(layer) {
    const found = /^block(\d)([a-z])_(.+)$/.exec(layer);
    if (!found) {
      if (layer === 'stem_conv') return torchNames('conv_stem', 'bn1');
      return layer === 'top_conv' ? torchNames('conv_head', 'bn2') : torchNames('classifier');
    }
    const [, number, letter, part] = found;
    const stage = [Number(number) - 1, letter!.charCodeAt(0) - 'a'.charCodeAt(0)] as const;
    if (part === 'se_reduce') return torchNames(`blocks.${stage.join('.')}.se.conv_reduce`);
    if (part === 'se_expand') return torchNames(`blocks.${stage.join('.')}.se.conv_expand`);
    return nameBlock(stage, part === 'expand_conv' ? 'expand' : part === 'dwconv' ? 'depthwise' : 'project');
  },
};

/** Inverted residuals; the first stage has no expansion, and its parts are called otherwise. */
function nameBlock(stage: readonly [number, number], part: 'expand' | 'depthwise' | 'project') {
  const block = `blocks.${stage.join('.')}`;
  if (part === 'expand') return torchNames(`${block}.conv_pw`, `${block}.bn1`);
  if (stage[0] === 0) {
    return part === 'depthwise'
      ? torchNames(`${block}.conv_dw`, `${block}.bn1`)
      : torchNames(`${block}.conv_pw`, `${block}.bn2`);
  }
  return part === 'depthwise'
    ? torchNames(`${block}.conv_dw`, `${block}.bn2`)
    : torchNames(`${block}.conv_pwl`, `${block}.bn3`);
}

/**
 * timm's `legacy_xception`. Its blocks count from 1 where Keras's count from 2; `rep` is a list in which separable
 * convolution, batch norm and ReLU alternate, a ReLU first everywhere but in block 1. The last two stand alone.
 */
export const timmXception: Family = {
  title: 'timm legacy_xception',
  network: 'xception',
  dialect: {
    ...pytorch,
    // The head's name in the repository that timm's checkpoint comes from.
    rename: (source) => pytorch.rename(source)?.replace(/^last_linear\./, 'fc.'),
  },
  padding: 'pytorch',
  epsilon: 1e-5,
  input: timmInput('halves', 0.8975),
  names(layer) {
    const place = placeXception(layer);
    if (place.part === 'head') return torchNames('fc');
    if (place.part === 'stem') return torchNames(`conv${place.number}`, `bn${place.number}`);
    const block = `block${place.block - 1}`;
    if (place.part === 'skip') return torchNames(`${block}.skip`, `${block}.skipbn`);
    const linear = place.part === 'depthwise' ? 'conv1' : 'pointwise';
    if (place.block === 14) return torchNames(`conv${place.number + 2}.${linear}`, `bn${place.number + 2}`);
    const at = 3 * (place.number - 1) + (place.block === 2 ? 0 : 1);
    return torchNames(`${block}.rep.${at}.${linear}`, `${block}.rep.${at + 1}`);
  },
};
