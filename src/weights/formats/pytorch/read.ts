import { ModelError } from '../../../errors/errors.js';
import { MAX_FILE_BYTES } from '../../../untrusted-data/regular-file.js';
import type { NamedTensors, Tensor } from '../../types.js';
import { readSaved } from './layouts.js';
import type { PickleValue } from './pickle-values.js';
import { findStateDictionary } from './state-dictionary.js';
import { gatherTensor } from './storage.js';

/** The largest networks that people classify with have some thousands. */
const MAX_TENSORS = 20_000;

/**
 * The tensors of a network that torch.save wrote, of either layout: pickles one after the other followed by the storages
 * (before torch 1.6), or a zip archive. They may lie in a training checkpoint, or in a model that was saved as a whole
 * where its classes are known. Nothing of the file is executed. Float32 and float64 come as single precision, bfloat16
 * too, float16 as its bit patterns; integer tensors (batch counters) are left out.
 * @param where the file's name, for messages
 * @throws ModelError `weights-unsafe`, `weights-damaged`, `weights-unknown`
 */
export function readPyTorch(bytes: Uint8Array, where: string): NamedTensors {
  const root = readSaved(bytes, where);
  refuseVariant(root, where);
  const views = findStateDictionary(root, where);
  if (views.size > MAX_TENSORS) {
    throw new ModelError('weights-damaged', {
      where,
      problem: `${views.size} tensors, expected at most ${MAX_TENSORS}`,
    });
  }
  const tensors = new Map<string, Tensor>();
  // Views may overlap: what is gathered is no more than a file could hold without overlap.
  const budget = { bytes: MAX_FILE_BYTES };
  for (const [name, view] of views) {
    const tensor = gatherTensor(view, budget, `${where}: ${JSON.stringify(name)}`);
    if (tensor) tensors.set(name, tensor);
  }
  return tensors;
}

/** timm's `tf_efficientnet_b0` has the names of `efficientnet_b0`, with another padding and epsilon. */
function refuseVariant(root: PickleValue, where: string): void {
  const arch = root instanceof Map ? root.get('arch') : undefined;
  if (typeof arch !== 'string' || !arch.startsWith('tf_')) return;
  throw new ModelError('network-unsupported', {
    where,
    problem: `the weights of ${JSON.stringify(arch.slice(0, 80))}, which pads as TensorFlow does`,
    remedy: 'export the model to ONNX: torch.onnx.export(model, example, "model.onnx")',
  });
}
