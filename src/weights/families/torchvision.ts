import { placeV2 } from './names.js';
import { pytorch, torchNames } from './pytorch.js';
import { type Family, torchvisionInput } from './types.js';

/** torchvision's `mobilenet_v2`: `features.0` is the stem, 1 to 17 the blocks, 18 the last convolution. */
export const torchvisionV2: Family = {
  title: 'torchvision mobilenet_v2',
  network: 'mobilenet_v2',
  dialect: {
    ...pytorch,
    rename: (source) => pytorch.rename(source)?.replace(/^classifier\.(weight|bias)$/, 'classifier.1.$1'),
  },
  padding: 'pytorch',
  epsilon: 1e-5,
  input: torchvisionInput,
  trainedResolution: 224,
  names(layer) {
    const place = placeV2(layer);
    if (place.part === 'stem') return torchNames('features.0.0', 'features.0.1');
    if (place.part === 'top') return torchNames('features.18.0', 'features.18.1');
    if (place.part === 'head') return torchNames('classifier.1');
    const block = `features.${place.block + 1}.conv`;
    // The first block has no expansion, so everything in it is one earlier.
    const first = place.block === 0 ? 0 : 1;
    if (place.part === 'expand') return torchNames(`${block}.0.0`, `${block}.0.1`);
    if (place.part === 'depthwise') return torchNames(`${block}.${first}.0`, `${block}.${first}.1`);
    return torchNames(`${block}.${first + 1}`, `${block}.${first + 2}`);
  },
};

/** torchvision's `efficientnet_b0`: `features.0` is the stem, 1 to 7 the stages, 8 the last convolution. */
export const torchvisionEfficientnetB0: Family = {
  title: 'torchvision efficientnet_b0',
  network: 'efficientnet_b0',
  dialect: torchvisionV2.dialect,
  padding: 'pytorch',
  epsilon: 1e-5,
  // EfficientNet_B0_Weights.IMAGENET1K_V1: cubic scaling to 256 for 224.
  input: { ...torchvisionInput, filter: 'pil-bicubic' },
  names(layer) {
    const found = /^block(\d)([a-z])_(.+)$/.exec(layer);
    if (!found) {
      if (layer === 'stem_conv') return torchNames('features.0.0', 'features.0.1');
      return layer === 'top_conv' ? torchNames('features.8.0', 'features.8.1') : torchNames('classifier.1');
    }
    const [, stage = '', letter = 'a', part = ''] = found;
    const block = `features.${stage}.${letter.charCodeAt(0) - 'a'.charCodeAt(0)}.block`;
    // The first stage has no expansion, so everything in it is one earlier.
    const first = stage === '1' ? 0 : 1;
    if (part === 'se_reduce') return torchNames(`${block}.${first + 1}.fc1`);
    if (part === 'se_expand') return torchNames(`${block}.${first + 1}.fc2`);
    const at = part === 'expand_conv' ? 0 : part === 'dwconv' ? first : first + 2;
    return torchNames(`${block}.${at}.0`, `${block}.${at}.1`);
  },
};
