import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { printable } from '../errors/printable.js';

/** What the value of an option must be. The command checks the values it has read by the same rules as the library. */
export interface Rule<T> {
  /** For messages, after “expected”. */
  readonly expected: string;
  readonly accepts: (value: unknown) => value is T;
}

/** The rules of a set of options, by their names. */
// biome-ignore lint/suspicious/noExplicitAny: each rule has a type of its own
export type RuleTable<Options> = { readonly [Name in keyof Required<Options>]: Rule<any> };

export const flagRule: Rule<boolean> = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };

export const textRule: Rule<string> = {
  expected: 'a string that is not empty',
  accepts: (value): value is string => typeof value === 'string' && value !== '',
};

/** A number above 0. */
export const positiveRule: Rule<number> = {
  expected: 'a number above 0',
  accepts: (value): value is number => isNumber(value) && value > 0,
};

/** A number from 0 to 1. */
export const probabilityRule: Rule<number> = {
  expected: 'a probability from 0 to 1',
  accepts: (value): value is number => isNumber(value) && value >= 0 && value <= 1,
};

/** A cosine of two pictures' vectors. */
export const similarityRule: Rule<number> = { ...probabilityRule, expected: 'a similarity from 0 to 1' };

export const numbersRule: Rule<readonly number[]> = {
  expected: 'an array of numbers',
  accepts: (value): value is readonly number[] => Array.isArray(value) && value.every(isNumber),
};

export const signalRule: Rule<AbortSignal> = {
  expected: 'an AbortSignal',
  accepts: (value): value is AbortSignal =>
    typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
};

/** A whole number from 1; `unit` says of what. */
export function wholeRule({ unit, most }: { readonly unit?: string; readonly most?: number } = {}): Rule<number> {
  const range = most === undefined ? ', 1 or more' : ` from 1 to ${most}`;
  return {
    expected: `a whole number${unit ? ` of ${unit}` : ''}${range}`,
    accepts: (value): value is number =>
      Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= (most ?? Number.MAX_SAFE_INTEGER),
  };
}

/** One of a few words or numbers. */
export function choiceRule<const Choice extends string | number>(choices: readonly Choice[]): Rule<Choice> {
  return {
    expected: listOf(choices.map(String)),
    accepts: (value): value is Choice => (choices as readonly unknown[]).includes(value),
  };
}

/** One string to `most` of them. */
export function textsRule(most: number): Rule<readonly string[]> {
  return {
    expected: `an array of 1 to ${most} strings`,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) && value.length >= 1 && value.length <= most && value.every(textRule.accepts),
  };
}

/** Throws UsageError for a value against its rule. */
export function checkValue<T>(value: unknown, rule: Rule<T>, where: string): T {
  if (!rule.accepts(value)) throw new UsageError({ where, expected: rule.expected });
  return value;
}

/**
 * Options without those that are undefined.
 * @param where the function that was called
 * @throws UsageError for what is no object, an unknown option, or a value against its rule
 */
export function checkOptions<Options extends object>(
  given: unknown,
  rules: RuleTable<Options>,
  where: string,
): Options {
  if (!isPlainObject(given)) {
    throw new UsageError({ where: `${where}: ${describeValue(given)}`, expected: 'an object with options' });
  }
  const checked: [string, unknown][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(name, Object.keys(rules), where);
    if (value === undefined) continue;
    checked.push([name, checkValue(value, rules[name as keyof Options], `${name} ${describeValue(value)}`)]);
  }
  return Object.fromEntries(checked) as Options;
}

function unknownOption(name: string, known: readonly string[], where: string): UsageError {
  const meant = nearestName(name, known);
  return new UsageError({
    where: `${where}: ${printable(name)}`,
    problem: 'unknown option',
    ...(meant === undefined ? { expected: `one of ${known.join(', ')}` } : { remedy: `did you mean ${meant}?` }),
  });
}

/** For messages: a value that may be anything, in a few words. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${printable(value)}'`;
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object' && value !== null) {
    const { name = '' } = (value.constructor ?? {}) as { readonly name?: string };
    return name === '' || name === 'Object' ? 'object' : printable(name);
  }
  return typeof value === 'function' ? 'function' : String(value);
}

/** `a, b or c` */
export function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Neither an array nor an object of some class, whose properties would mean nothing here. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Object]' && !(Symbol.iterator in value);
}
