import { RuntimeError } from '../errors/errors.js';
import type { Prediction } from './classification.js';
import type { Label } from './label.js';

/** A class by its position in the network's output. */
export type Ranked = Pick<Prediction, 'index' | 'probability'>;

/** Code of the error for a network that gives what is no probability. */
export const NOT_FINITE = 'not-finite';

/**
 * The `top` most probable classes, ties by index. Throws RuntimeError `not-finite`: weights that hold no numbers, or sums
 * that have left the range of floats.
 * @param name the picture's, for the message
 */
export function findTop(probabilities: Float32Array, top: number, name: string): readonly Ranked[] {
  refuseNotFinite(probabilities, name);
  const found: Ranked[] = [];
  let least = Number.NEGATIVE_INFINITY;
  // A list kept in order: few are wanted of many, and objects for all of them would be most of a batch's garbage. A short
  // loop: V8 compiles a longer one while it runs, which takes a start longer than the loop.
  for (let index = 0; index < probabilities.length; index++) {
    if (probabilities[index]! > least) least = insert({ index, probability: probabilities[index]! }, found, top);
  }
  return found;
}

/** Gives the probability that the next one has to exceed. */
function insert(ranked: Ranked, found: Ranked[], top: number): number {
  let at = found.length;
  while (at > 0 && found[at - 1]!.probability < ranked.probability) at--;
  found.splice(at, 0, ranked);
  if (found.length > top) found.pop();
  return found.length < top ? Number.NEGATIVE_INFINITY : found.at(-1)!.probability;
}

function refuseNotFinite(probabilities: Float32Array, name: string): void {
  const { NaN: none, POSITIVE_INFINITY: above, NEGATIVE_INFINITY: below } = Number;
  if (![none, above, below].some((value) => probabilities.includes(value))) return;
  const index = probabilities.findIndex((value) => !Number.isFinite(value));
  throw new RuntimeError(
    { where: name, problem: `the network gives ${probabilities[index]} for class ${index}`, expected: 'a probability' },
    { code: NOT_FINITE },
  );
}

/**
 * Probabilities of the classes that labels name. A network of one output and two labels gives the probability of the second.
 * @param labels how many there are
 */
export function ofLabels(outputs: Float32Array, labels: number): Float32Array {
  if (outputs.length !== 1 || labels !== 2) return outputs;
  const [second] = outputs as unknown as [number];
  return Float32Array.of(1 - second, second);
}

/** With what the classes are called; probabilities to six decimals. */
export function describe(ranked: readonly Ranked[], labelAt: (index: number) => Label): Prediction[] {
  return ranked.map(({ index, probability }) => {
    const { id, name } = labelAt(index);
    return { index, id: id ?? null, label: name, probability: Math.round(probability * 1e6) / 1e6 };
  });
}
