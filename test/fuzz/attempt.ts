import { countLayer } from '../../src/cost/count-layer.js';
import { createSession } from '../../src/engine/session.js';
import { MobilenetError } from '../../src/errors/errors.js';
import { resolve } from '../../src/networks/resolve.js';
import { checkWeights } from '../../src/weights/check.js';
import type { ImportedModel } from '../../src/weights/graph/imported-model.js';
import { allocatedDuring } from './allocations.js';
import { createRandom, mutate } from './mutate.js';
import type { Loaded, Sample } from './samples.js';

const MIB = 2 ** 20;
/** A damaged file may ask for a large picture: more than this is not computed. */
const MAX_MACS = 3e7;

export type Outcome = 'refused' | 'loaded' | 'run';

/** The damaged file of a case. */
export function damage(sample: Sample, seed: number): Uint8Array {
  return mutate(sample.bytes, createRandom(seed));
}

/**
 * Reads a damaged file: a typed error, or a model that runs.
 * @throws Error that names what went wrong: another kind of error, too much memory, a model that does not run
 */
export async function attempt(sample: Sample, bytes: Uint8Array): Promise<Outcome> {
  let loaded: Loaded;
  const limit = 4 * (bytes.length + sample.besideBytes) + 64 * MIB;
  try {
    const { value, allocated } = await allocatedDuring(() => sample.read(bytes));
    if (allocated > limit) throw new Error(`${allocated} bytes allocated for ${bytes.length}`);
    loaded = value;
  } catch (error) {
    return expectTyped(error);
  }
  if (!('network' in loaded)) {
    for (const { shape, data } of loaded.values()) {
      if (shape.reduce((product, size) => product * size, 1) !== data.length)
        throw new Error('a shape that does not fit');
    }
    return 'loaded';
  }
  return run(loaded);
}

async function run(model: ImportedModel): Promise<Outcome> {
  const { height, width } = model.inputResolution;
  if (height !== width || model.output.shape.height !== 1 || model.output.shape.width !== 1) return 'loaded';
  try {
    const resolved = resolve(model.network, { resolution: height, padding: model.padding });
    checkWeights(resolved, model.weights, model.where);
    if (
      resolved.layers.reduce((sum, layer) => sum + countLayer(layer).macs, 0) > MAX_MACS ||
      resolved.inputShape.channels > 4
    )
      return 'loaded';
    const session = await createSession(resolved, model.weights, 0);
    session.input.fill(0.5);
    const output = session.run();
    session.close();
    if (output.length !== model.output.classes) throw new Error(`${output.length} values for ${model.output.classes}`);
    return 'run';
  } catch (error) {
    return expectTyped(error);
  }
}

function expectTyped(error: unknown): Outcome {
  if (!(error instanceof MobilenetError)) throw error;
  if (!/^[^\n]+: [^\n]+$/.test(error.message)) throw new Error(`a message of another form: ${error.message}`);
  return 'refused';
}
