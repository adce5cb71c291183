import { placeV1, placeV2 } from './names.js';
import { pytorch, torchNames } from './pytorch.js';
import { type Dialect, type Family, huggingFaceInput } from './types.js';

/** A backbone alone (`MobileNetV1Model`) is stored without the prefix. */
const dialect: Dialect = {
  ...pytorch,
  rename: (source) => pytorch.rename(source)?.replace(/^mobilenet_v[12]\./, ''),
};

const unit = (name: string) => torchNames(`${name}.convolution`, `${name}.normalization`);

/** `google/mobilenet_v1_*`: `layer.0` to `layer.25`, depthwise and pointwise in turn; `tf_padding` is on. */
export const huggingFaceV1: Family = {
  title: 'Hugging Face MobileNetV1',
  network: 'mobilenet_v1',
  dialect,
  padding: 'tensorflow',
  epsilon: 1e-3,
  input: huggingFaceInput,
  names(layer) {
    const place = placeV1(layer);
    if (place.part === 'stem') return unit('conv_stem');
    if (place.part === 'head') return torchNames('classifier');
    return unit(`layer.${2 * (place.block - 1) + (place.part === 'depthwise' ? 0 : 1)}`);
  },
};

const V2_PARTS = { expand: 'expand_1x1', depthwise: 'conv_3x3', project: 'reduce_1x1' } as const;

/** `google/mobilenet_v2_*`: the first block belongs to the stem. */
export const huggingFaceV2: Family = {
  title: 'Hugging Face MobileNetV2',
  network: 'mobilenet_v2',
  dialect,
  padding: 'tensorflow',
  epsilon: 1e-3,
  input: huggingFaceInput,
  differs: ({ layers }) =>
    layers.some(({ name }) => name === 'expanded_conv_add') ? 'adds nothing in its first block' : undefined,
  names(layer) {
    const place = placeV2(layer);
    if (place.part === 'stem') return unit('conv_stem.first_conv');
    if (place.part === 'top') return unit('conv_1x1');
    if (place.part === 'head') return torchNames('classifier');
    const block = place.block === 0 ? 'conv_stem' : `layer.${place.block - 1}`;
    return unit(`${block}.${V2_PARTS[place.part]}`);
  },
};
