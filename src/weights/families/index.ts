import { pytorchEfficientnets } from './efficientnet-pytorch.js';
import { huggingFaceV1, huggingFaceV2 } from './huggingface.js';
import { kerasEfficientnetB0, kerasV1, kerasV2, kerasXception } from './keras.js';
import { ownFamilies } from './own.js';
import { slimV1, slimV2 } from './slim.js';
import { timmEfficientnetB0, timmV1, timmV2, timmXception } from './timm.js';
import { torchvisionEfficientnetB0, torchvisionV2 } from './torchvision.js';
import type { Family } from './types.js';

/** The families of checkpoints that are known by their tensors' names. */
export const families: readonly Family[] = [
  kerasV1,
  kerasV2,
  kerasXception,
  kerasEfficientnetB0,
  slimV1,
  slimV2,
  huggingFaceV1,
  huggingFaceV2,
  timmV1,
  timmV2,
  timmXception,
  timmEfficientnetB0,
  torchvisionV2,
  torchvisionEfficientnetB0,
  ...pytorchEfficientnets,
  ...ownFamilies,
];
