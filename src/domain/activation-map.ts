import type { Area } from './area.js';

/**
 * Class activation map (arXiv:1512.04150): what each cell of the last map says for a class, row by row. With a mean over the
 * cells and a linear layer behind it, mean of the cells + bias = the class's logit.
 */
export type ActivationMap = readonly (readonly number[])[];

/** How a class's logit follows from the features: Σ weights · features + bias. */
export interface LogitRule {
  /** One for each channel. */
  readonly weights: Float64Array;
  readonly bias: number;
}

interface MapSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Σ over channels of weight · value, for each cell.
 * @param map height × width × channels, as many as there are weights
 */
export function activationMap(
  map: Float32Array,
  { height, width }: MapSize,
  { weights }: Pick<LogitRule, 'weights'>,
): ActivationMap {
  const channels = weights.length;
  const cell = (index: number) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += weights[channel]! * map[index * channels + channel]!;
    return sum;
  };
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => cell(row * width + column)),
  );
}

/** Of the one class minus that of the other. */
export function difference(one: LogitRule, other: LogitRule): LogitRule {
  return { weights: one.weights.map((weight, at) => weight - other.weights[at]!), bias: one.bias - other.bias };
}

/** Sums of the cells for and against a class. */
export interface Evidence {
  /** Sum of the positive cells. */
  readonly positive: number;
  /** Sum of the negative cells, 0 or less. */
  readonly negative: number;
  /** Mean of all cells: the logit without its bias. */
  readonly mean: number;
  /** The larger of the two sums, spread evenly over all cells: what cells are compared with. 0 for a map of zeros. */
  readonly average: number;
}

export function evidenceOf(map: ActivationMap): Evidence {
  const cells = map.flat();
  const positive = sum(cells.filter((value) => value > 0));
  const negative = sum(cells.filter((value) => value < 0));
  return {
    ...{ positive, negative },
    mean: sum(cells) / cells.length,
    average: Math.max(positive, -negative) / cells.length,
  };
}

/** A rectangle of cells, and its part of the positive evidence. */
export interface CellBox extends Area {
  readonly share: number;
}

/**
 * The smallest rectangle of cells that has at least `share` of the sum of the positive cells; of several the one that has
 * most. Undefined where no cell is positive.
 */
export function smallestBox(map: ActivationMap, share: number): CellBox | undefined {
  const positive = map.map((row) => row.map((value) => Math.max(0, value)));
  const total = sum(positive.flat());
  if (!(total > 0)) return undefined;
  // Sums that are added in another order end in other digits.
  const wanted = total * share * (1 - 1e-12);
  let best: { readonly box: Area; readonly held: number } | undefined;
  for (let y = 0; y < positive.length; y++) {
    const columns = positive[0]!.map(() => 0);
    for (let bottom = y; bottom < positive.length; bottom++) {
      for (const [column, value] of positive[bottom]!.entries()) columns[column]! += value;
      const height = bottom - y + 1;
      const found = fewestColumns(columns, wanted);
      if (!found) continue;
      const size = found.width * height;
      const least = best ? best.box.width * best.box.height : Number.POSITIVE_INFINITY;
      if (size < least || (size === least && found.held > best!.held)) {
        best = { box: { x: found.x, y, width: found.width, height }, held: found.held };
      }
    }
  }
  return best && { ...best.box, share: Math.min(1, best.held / total) };
}

/** The shortest run of neighbours whose sum is at least `wanted`; of several the one with the largest sum. */
function fewestColumns(values: readonly number[], wanted: number) {
  let best: { readonly x: number; readonly width: number; readonly held: number } | undefined;
  for (let x = 0; x < values.length; x++) {
    let held = 0;
    let end = x;
    while (end < values.length && held < wanted) held += values[end++]!;
    if (held < wanted) break;
    const width = end - x;
    if (!best || width < best.width || (width === best.width && held > best.held)) best = { x, width, held };
  }
  return best;
}

/** The part of a picture that a box of cells covers. @param whole what all cells together cover */
export function areaOfCells(box: Area, map: ActivationMap, whole: Area): Area {
  const width = whole.width / map[0]!.length;
  const height = whole.height / map.length;
  return {
    x: whole.x + box.x * width,
    y: whole.y + box.y * height,
    width: box.width * width,
    height: box.height * height,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
