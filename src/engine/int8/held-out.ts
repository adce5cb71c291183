import type { CalibrationModel } from './choose-ranges.js';
import type { Levels, ValueLevels } from './levels.js';
import { type Example, runIntegers } from './trials.js';

/** What integers cost, measured on pictures that their levels were not chosen by. */
export interface HeldOut {
  readonly pictures: number;
  /** Of these, those whose most probable class is that of floats. */
  readonly sameTop: number;
  /** The largest change of the probability of any class, 0 to 1; 0 where there is no picture. */
  readonly largestChange: number;
}

export async function compareHeldOut(
  model: CalibrationModel,
  picture: ValueLevels | undefined,
  levels: Levels,
  examples: readonly Example[],
): Promise<HeldOut> {
  if (examples.length === 0) return { pictures: 0, sameTop: 0, largestChange: 0 };
  const run = await runIntegers(model, picture, levels);
  let [sameTop, largestChange] = [0, 0];
  for (const { input, output } of examples) {
    const found = run(input);
    if (topOf(found) === topOf(output)) sameTop++;
    output.forEach((probability, index) => {
      largestChange = Math.max(largestChange, Math.abs(probability - found[index]!));
    });
  }
  return { pictures: examples.length, sameTop, largestChange };
}

/** The most probable class; the one output of a network with two classes is the probability of the second. */
function topOf(probabilities: Float32Array): number {
  if (probabilities.length === 1) return probabilities[0]! >= 0.5 ? 1 : 0;
  return probabilities.indexOf(Math.max(...probabilities));
}
