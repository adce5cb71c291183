/** A function to minimise, and its gradient, at a point. */
export type Objective = (point: Float64Array) => { readonly value: number; readonly gradient: Float64Array };

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly evaluations: number;
}

/** Pairs of steps and changes of the gradient that stand for the curvature. */
const MEMORY = 10;
/** Ends where no component of the gradient is larger. */
const GRADIENT_TOLERANCE = 1e-6;
const MOST_ITERATIONS = 300;
const MOST_HALVINGS = 30;
/** A step has to gain this share of what the slope promises (Armijo). */
const SUFFICIENT = 1e-4;

/**
 * The minimum of a smooth convex function by L-BFGS (Liu and Nocedal 1989), with step sizes found by halving.
 * @param tolerance ends where an iteration gains less than this share of the value
 */
export function minimise(objective: Objective, start: Float64Array, tolerance = 1e-9): Minimum {
  let point = start;
  let { value, gradient } = objective(point);
  let evaluations = 1;
  const pairs: Pair[] = [];
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    if (largest(gradient) <= GRADIENT_TOLERANCE) break;
    const direction = directionOf(gradient, pairs);
    const slope = dot(direction, gradient);
    let size = iteration === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let next: { point: Float64Array; value: number; gradient: Float64Array } | undefined;
    for (let halving = 0; halving < MOST_HALVINGS && !next; halving++, size /= 2) {
      const tried = point.map((each, at) => each + size * direction[at]!);
      const found = objective(tried);
      evaluations++;
      if (found.value <= value + SUFFICIENT * size * slope) next = { point: tried, ...found };
    }
    // Nothing lower within reach of the numbers' precision.
    if (!next) break;
    remember(pairs, difference(next.point, point), difference(next.gradient, gradient));
    const gain = value - next.value;
    ({ point, value, gradient } = next);
    if (gain <= tolerance * Math.max(1, Math.abs(value))) break;
  }
  return { point, value, evaluations };
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

function remember(pairs: Pair[], step: Float64Array, change: Float64Array): void {
  const curvature = dot(step, change);
  if (!(curvature > 1e-12 * dot(change, change))) return;
  pairs.push({ step, change, curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

/** The two-loop recursion. */
function directionOf(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((each) => -each);
  const shares = new Map<Pair, number>();
  for (const pair of pairs.toReversed()) {
    const share = dot(pair.step, direction) / pair.curvature;
    shares.set(pair, share);
    addTo(direction, -share, pair.change);
  }
  const last = pairs.at(-1);
  if (last) scale(direction, last.curvature / dot(last.change, last.change));
  for (const pair of pairs)
    addTo(direction, shares.get(pair)! - dot(pair.change, direction) / pair.curvature, pair.step);
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((each, at) => each - b[at]!);
}

function addTo(target: Float64Array, factor: number, values: Float64Array): void {
  for (let at = 0; at < target.length; at++) target[at]! += factor * values[at]!;
}

function scale(target: Float64Array, factor: number): void {
  for (let at = 0; at < target.length; at++) target[at]! *= factor;
}

function largest(values: Float64Array): number {
  return values.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
}
