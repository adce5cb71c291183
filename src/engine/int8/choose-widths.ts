import { ModelError, UsageError } from '../../errors/errors.js';
import type { ResolvedNetwork } from '../../networks/types.js';
import { fuse } from '../fuse.js';
import { loadKernels } from '../kernels.js';
import { createSession } from '../session.js';
import { type CalibrationModel, chooseRanges, type Observed, observe } from './choose-ranges.js';
import type { Levels } from './levels.js';

/** Pictures on which the effect of one narrow map is measured; ranges are observed on the others till then, so that what lies beyond them counts. */
const TRIAL_PICTURES = 24;
/** How much all narrow maps together may move the probabilities, as `diverge` measures it. */
const BUDGET = 0.001;

export interface CalibrationOptions {
  readonly budget?: number;
  /** Told after each picture and each trial. */
  readonly onProgress?: (unit: 'picture' | 'map', done: number, total: number) => void;
}

export interface Calibration {
  readonly levels: Levels;
  /** Pictures that could be read. */
  readonly pictures: number;
  readonly wide: ReadonlySet<string>;
  readonly maps: number;
  /** Of the probabilities from those of floats, on the pictures held out: as chosen, and with all maps wide. */
  readonly divergence: number;
  readonly divergenceWide: number;
}

/**
 * Chooses how a network is stored in integers. All maps start wide (12 bits). Then each is made narrow (7 bits) by itself,
 * which shows what that does to the probabilities of pictures held out; those that do the least for the multiplications
 * they make cheap become narrow for good, as long as the sum stays within the budget.
 * @param count how many pictures there are; with one alone all maps stay wide, since none can be held out
 * @param prepare writes the prepared picture of an index, height × width × channels; false for one that cannot be read
 * @throws UsageError where no picture can be read, ModelError `calibration` where the network gives a number that is not finite
 */
export async function chooseRangesAndWidths(
  model: CalibrationModel,
  count: number,
  prepare: (index: number, into: Float32Array) => Promise<boolean>,
  { budget = BUDGET, onProgress = () => {} }: CalibrationOptions = {},
): Promise<Calibration> {
  const { network, weights, epsilon } = model;
  const { constants } = await loadKernels();
  const floats = await createSession(network, weights, epsilon);
  const observed = new Map<string, Observed>();
  const inputs: Float32Array[] = [];
  const outputs: Float32Array[] = [];
  const every = Math.max(2, Math.floor(count / TRIAL_PICTURES));
  let pictures = 0;
  for (let index = 0; index < count; index++) {
    if (await prepare(index, floats.input)) {
      if (pictures++ % every === 0) {
        inputs.push(floats.input.slice());
        outputs.push(floats.run());
      } else observe(floats, network, constants, observed);
    }
    onProgress('picture', index + 1, count);
  }
  if (pictures === 0)
    throw new UsageError({ where: 'calibration', problem: 'no image that can be read', expected: 'one or more' });
  if (pictures === 1) {
    floats.input.set(inputs.pop()!);
    observe(floats, network, constants, observed);
  }

  const choose = (wide: ReadonlySet<string>): Levels => {
    for (const [name, { sum, squares }] of observed) {
      if (![...sum, ...squares].every(Number.isFinite)) {
        throw new ModelError('calibration', {
          where: network.id,
          problem: `${name} is not finite`,
          expected: 'numbers to choose levels by',
        });
      }
    }
    return chooseRanges(model, constants, observed, wide);
  };
  const divergence = async (wide: ReadonlySet<string>): Promise<number> => {
    if (inputs.length === 0) return 0;
    const session = await createSession(network, weights, epsilon, { levels: choose(wide) });
    let sum = 0;
    inputs.forEach((input, index) => {
      session.input.set(input);
      sum += diverge(outputs[index]!, session.run());
    });
    return sum / inputs.length;
  };

  const all = new Set(choose(new Set()).values.keys());
  const divergenceWide = await divergence(all);
  const wide = new Set(all);
  if (inputs.length > 0) {
    const work = workOfReaders(network);
    const trials: { name: string; harm: number; share: number }[] = [];
    for (const name of all) {
      const others = new Set([...all].filter((each) => each !== name));
      const harm = Math.max(0, (await divergence(others)) - divergenceWide);
      trials.push({ name, harm, share: harm / (work.get(name) ?? 1) });
      onProgress('map', trials.length, all.size);
    }
    let spent = 0;
    for (const { name, harm } of trials.toSorted((a, b) => a.share - b.share)) {
      if (spent + harm > budget) continue;
      spent += harm;
      wide.delete(name);
    }
  }
  const chosen = await divergence(wide);
  for (const input of inputs) {
    floats.input.set(input);
    observe(floats, network, constants, observed);
  }
  return { levels: choose(wide), pictures, wide, maps: all.size, divergence: chosen, divergenceWide };
}

/** Σ p · (ln p − ln q)²: how far q is from p where p is probable. */
function diverge(p: Float32Array, q: Float32Array): number {
  return p.reduce((sum, value, i) => {
    const difference = Math.log(Math.max(value, 1e-9)) - Math.log(Math.max(q[i]!, 1e-9));
    return sum + value * difference * difference;
  }, 0);
}

/** Multiplications of the operations that read a value. */
function workOfReaders(network: ResolvedNetwork): Map<string, number> {
  const work = new Map<string, number>();
  for (const { layer, inputs } of fuse(network.layers)) {
    const { height, width, channels } = layer.outputShape;
    const perOutput =
      layer.kind === 'depthwise'
        ? layer.kernelSize * (layer.kernelWidth ?? layer.kernelSize)
        : layer.inputShapes[0].channels;
    work.set(inputs[0], (work.get(inputs[0]) ?? 0) + height * width * channels * perOutput);
  }
  return work;
}
