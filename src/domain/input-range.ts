/** value = (pixel / 255 − mean) / std for each of R, G, B, pixel in 0…255. */
export interface InputRange {
  readonly mean: Triple;
  readonly std: Triple;
}

export type Triple = readonly [number, number, number];

/** The ranges that networks are usually trained on, by the names that `--input` takes. */
export const inputRanges = {
  '-1..1': rangeFrom(-1, 1),
  '0..1': rangeFrom(0, 1),
  '0..255': rangeFrom(0, 255),
  /** Mean and standard deviation of ImageNet's pixels, as torchvision and timm use them. */
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const satisfies Readonly<Record<string, InputRange>>;

export type InputRangeName = keyof typeof inputRanges;

export const inputRangeNames = Object.keys(inputRanges) as readonly InputRangeName[];

/** Pixels of 0…255 spread evenly from `low` to `high`. */
export function rangeFrom(low: number, high: number): InputRange {
  const mean = (0 - low) / (high - low);
  const std = 1 / (high - low);
  return { mean: [mean, mean, mean], std: [std, std, std] };
}

/** For people: the name that `--input` takes, or the numbers. */
export function describeRange({ mean, std }: InputRange): string {
  const name = inputRangeNames.find((each) => {
    const known = inputRanges[each];
    return isNear(mean, known.mean) && isNear(std, known.std);
  });
  if (name === 'imagenet') return 'the mean and standard deviation of ImageNet';
  if (name !== undefined) return `values from ${name.replace('..', ' to ')}`;
  const list = (values: Triple) => values.map((value) => Number(value.toPrecision(4))).join(', ');
  return `mean ${list(mean)}, standard deviation ${list(std)}`;
}

function isNear(found: Triple, expected: Triple): boolean {
  return found.every((value, index) => Math.abs(value - expected[index]!) < 1e-6);
}
