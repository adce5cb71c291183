import { type Preprocessing, sideBeforeCrop } from '../../domain/preprocessing.js';
import type { NetworkId } from '../../networks/index.js';
import type { Network, PaddingConvention, ParameterName } from '../../networks/types.js';
import type { NamedTensors, Tensor } from '../types.js';

/** A tensor under the name that its file gives it. */
export interface FoundTensor {
  readonly source: string;
  readonly tensor: Tensor;
}

/** How a framework writes: the order of axes, and the many spellings of one name. */
export interface Dialect {
  /** `tensorflow`: [ky, kx, in, out], depthwise [ky, kx, channels, 1]; `pytorch`: [out, in, ky, kx]. */
  readonly axes: 'tensorflow' | 'pytorch';
  /** The name without what differs from file to file; undefined for what inference has no use for. */
  rename(source: string): string | undefined;
  /**
   * The tensors of one network, without what training wraps around it; `anchors` are names that it must have. Comes
   * before `rename`.
   */
  unwrap?(tensors: NamedTensors, anchors: readonly string[]): NamedTensors;
  /** Of two tensors that come to one name, whether this is the one to use. */
  isPreferred?(source: string): boolean;
}

/** What pictures have to go through before a family's networks, but for the resolution. */
export interface InputRule extends Pick<Preprocessing, 'mean' | 'std' | 'filter' | 'cropShare'> {
  /** Shorter side before the centre crop. */
  resize(resolution: number): number;
}

/** Checkpoints of one network from one origin: how their tensors are called and what was assumed in training. */
export interface Family {
  readonly title: string;
  readonly network: NetworkId;
  readonly dialect: Dialect;
  readonly padding: PaddingConvention;
  /** Of the batch norms. */
  readonly epsilon: number;
  readonly input: InputRule;
  /** Of all published checkpoints of the family, where they have one; by default that of the paper, where it has one. */
  readonly trainedResolution?: number;
  /** Names of a layer's tensors after `dialect.rename`. `bias` beside `gamma` is the bias of a folded batch norm. */
  names(layer: string): Readonly<Partial<Record<ParameterName, string>>>;
  /** Why the family's network of these layers is none of this project's, where it differs. */
  differs?(network: Network): string | undefined;
  /** Gives names to tensors that have none of their own; `known` are the names that the network needs. */
  settle?(found: ReadonlyMap<string, FoundTensor>, known: ReadonlySet<string>): ReadonlyMap<string, FoundTensor>;
}

const HALVES = [0.5, 0.5, 0.5] as const;

/** The crop is this part of the shorter side. */
const cropOf = (cropShare: number): Pick<InputRule, 'cropShare' | 'resize'> => ({
  cropShare,
  resize: (resolution) => sideBeforeCrop(resolution, cropShare),
});

/** −1…1; slim's evaluation takes the middle 87.5 % (research/slim/preprocessing/inception_preprocessing.py). */
export const slimInput: InputRule = { mean: HALVES, std: HALVES, filter: 'pil-bilinear', ...cropOf(0.875) };

/** −1…1; Keras's published accuracies were measured with cubic scaling (keras-applications#99). */
export const kerasInput: InputRule = { mean: HALVES, std: HALVES, filter: 'pil-bicubic', ...cropOf(0.875) };

/** −1…1; the image processors of google/mobilenet_v1_* and v2_* scale to 32 pixels more than they crop. */
export const huggingFaceInput: InputRule = {
  mean: HALVES,
  std: HALVES,
  filter: 'pil-bilinear',
  resize: (resolution) => resolution + 32,
};

export const imagenetStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** torchvision's MobileNet_V2_Weights.IMAGENET1K_V1: 256 for 224. */
export const torchvisionInput: InputRule = { ...imagenetStatistics, filter: 'pil-bilinear', ...cropOf(0.875) };

/** timm's configurations: bicubic, the crop as a part of the shorter side. */
export const timmInput = (statistics: 'halves' | 'imagenet', crop = 0.875): InputRule => ({
  ...(statistics === 'halves' ? { mean: HALVES, std: HALVES } : imagenetStatistics),
  filter: 'pil-bicubic',
  ...cropOf(crop),
});
