import {
  describeRange,
  type InputRange,
  type InputRangeName,
  inputRanges,
  type Triple,
} from '../domain/input-range.js';
import type { Preprocessing } from '../domain/preprocessing.js';
import { UsageError } from '../errors/errors.js';

/** What a caller says of the values that a network was trained on. */
export interface RangeOptions {
  readonly input?: InputRangeName;
  /** In units of 0…1, one for each channel or one for all; together with `std`, in place of `input`. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** The first computation of a graph, taken out of it: y = x · scale + offset for each channel of its input x. */
export interface GraphScaling {
  readonly scale: Triple;
  readonly offset: Triple;
}

/** All that is known of the values that a network was trained on. */
export interface RangeFacts {
  readonly options: RangeOptions;
  /** What the file itself says that its input is, before the scaling in the graph. */
  readonly ofFile?: InputRange | undefined;
  readonly graphScaling?: GraphScaling | undefined;
  /** What the scaling in the graph shows that its input is. */
  readonly ofScaling?: InputRange | undefined;
  /** What a configuration beside the file says. */
  readonly beside?: { readonly range?: InputRange | undefined } | undefined;
  /** Where nothing else says it; without a reason it is known. */
  readonly otherwise: { readonly range: InputRange; readonly reason?: string };
}

/** The range that the network itself takes; `assumed`: why, where nothing states it. */
export interface ChosenRange extends InputRange {
  readonly assumed?: string;
}

/**
 * The input range, from the first that says it: the options, the file, the scaling in its graph, a configuration beside it,
 * what such files usually mean.
 * @throws UsageError for options that contradict each other
 */
export function chooseInputRange(facts: RangeFacts): ChosenRange {
  const { beside, otherwise } = facts;
  const stated = statedRange(facts.options) ?? facts.ofFile ?? facts.ofScaling ?? beside?.range;
  return {
    ...afterScaling(stated ?? otherwise.range, facts.graphScaling),
    ...(stated === undefined && otherwise.reason !== undefined && { assumed: otherwise.reason }),
  };
}

/** The range that options say; undefined where they say none. */
export function statedRange({ input, mean, std }: RangeOptions): InputRange | undefined {
  if (mean === undefined && std === undefined) return input === undefined ? undefined : inputRanges[input];
  if (input !== undefined) {
    throw new UsageError({ where: `--input ${input}`, problem: 'cannot be combined with --mean and --std' });
  }
  if (mean === undefined || std === undefined) {
    throw new UsageError({
      where: mean === undefined ? '--std' : '--mean',
      problem: 'needs --mean and --std together',
    });
  }
  return { mean: tripleOf(mean, '--mean'), std: tripleOf(std, '--std') };
}

/** No mean or deviation of values in 0…1 is larger; of bytes all are. */
const MOST_OF_UNIT = 2;

function tripleOf(values: readonly number[], where: string): Triple {
  const [first, second = first, third = first] = values;
  if (first === undefined || values.length === 2 || values.length > 3 || !values.every(Number.isFinite)) {
    throw new UsageError({ where, expected: 'one number, or three: red, green and blue' });
  }
  if (where === '--std' && values.some((value) => value <= 0))
    throw new UsageError({ where, expected: 'numbers above 0' });
  if (values.some((value) => Math.abs(value) > MOST_OF_UNIT)) {
    throw new UsageError({ where, problem: 'in units of 0 to 255', remedy: 'divide the numbers by 255' });
  }
  return [first, second!, third!];
}

/**
 * What the network itself takes, where its graph scales its input first: ((p − mean) ÷ std) · scale + offset is
 * (p − mean') ÷ std' with std' = std ÷ scale, mean' = mean − offset · std'.
 */
function afterScaling({ mean, std }: InputRange, scaling: GraphScaling | undefined): InputRange {
  if (!scaling) return { mean, std };
  const stds = std.map((value, channel) => value / scaling.scale[channel]!) as unknown as Triple;
  const means = mean.map((value, channel) => value - scaling.offset[channel]! * stds[channel]!) as unknown as Triple;
  return { mean: means, std: stds };
}

/** One line that says what was assumed, why, and how to say otherwise. */
export function assumptionNote(
  name: string,
  { mean, std, assumed }: Preprocessing,
  isImported: boolean,
): string | undefined {
  if (assumed === undefined) return undefined;
  const range = describeRange({ mean, std });
  const way = isImported ? 'import it again with' : 'add';
  return `${name}: assumed that the network takes ${range}, since ${assumed}; if it takes others, ${way} --input RANGE`;
}
