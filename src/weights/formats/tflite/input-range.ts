import type { InputQuantisation, InputRange } from '../../graph/imported-model.js';
import type { TfliteTensor } from './graph.js';
import { TENSOR_TYPE } from './schema.js';

/** What networks are usually trained on: −1…1, 0…1, bytes. */
const USUAL_RANGES: readonly (readonly [number, number])[] = [
  [-1, 1],
  [0, 1],
  [0, 255],
];

/** How far the least value may be off, and how little of the range may be used: pictures of a calibration are few. */
const LEAST_OFF = 0.1;
const LEAST_USED = 0.5;

/** Pixels of integers: INT8 ones are bytes less 128. Without a scale they are the bytes themselves. */
export function quantisationOf({ quantisation, type }: TfliteTensor): InputQuantisation | undefined {
  const offset = type === TENSOR_TYPE.int8 ? 128 : 0;
  if (quantisation !== undefined) {
    return { scale: quantisation.scale(0), zeroPoint: quantisation.zeroPoint(0) + offset };
  }
  const isInteger = type === TENSOR_TYPE.uint8 || type === TENSOR_TYPE.int8 || type === TENSOR_TYPE.int32;
  return isInteger ? { scale: 1, zeroPoint: offset } : undefined;
}

/**
 * The range that a quantised input stands for. A scale says what its calibration saw: somewhat less than the range where no
 * picture was all white. Undefined where bytes stored as they are come to the same, or to no usual range.
 */
export function rangeOfScale(input: InputQuantisation): InputRange | undefined {
  const [low, high] = endsOf(input);
  const usual = USUAL_RANGES.find(([least, most]) => {
    const span = most - least;
    const isUsed = high >= least + LEAST_USED * span && high <= most + 2 * input.scale;
    return Math.abs(low - least) <= LEAST_OFF * span && isUsed;
  });
  if (usual === undefined || isNear(input, usual)) return undefined;
  const [least, most] = usual;
  return { mean: [-least / (most - least)], std: [1 / (most - least)], origin: 'quantisation' };
}

/** What metadata say of a picture's bytes, unless the input is stored as integers that stand for something else. */
export function rangeOfMetadata(
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
  input: InputQuantisation | undefined,
): InputRange | undefined {
  if (input !== undefined) {
    const least = Math.min(...mean.map((value, channel) => -value / std[channel]!));
    const most = Math.max(...mean.map((value, channel) => (255 - value) / std[channel]!));
    const [low, high] = endsOf(input);
    const span = most - least;
    if (isNear(input, [least, most]) && mean.length === 1) return undefined;
    if (Math.abs(low - least) > span / 2 || Math.abs(high - most) > span / 2) return undefined;
  }
  return { mean: mean.map((value) => value / 255), std: std.map((value) => value / 255), origin: 'metadata' };
}

/** The ends of what integers can stand for, where they cut a stated range off. */
export function endsOf({ scale, zeroPoint }: InputQuantisation): readonly [number, number] {
  return [-zeroPoint * scale, (255 - zeroPoint) * scale];
}

/** Whether a byte stands for its value in `range`, within a step. */
function isNear(input: InputQuantisation, [least, most]: readonly [number, number]): boolean {
  const [low, high] = endsOf(input);
  const step = 1.01 * input.scale;
  return Math.abs(low - least) <= step && Math.abs(high - most) <= step;
}
