import { isModelName, MODEL_NAME_RULE } from '../../domain/model-name.js';
import { checkValue, choiceRule, listOf, positiveRule, probabilityRule, wholeRule } from '../../domain/option-rules.js';
import { UsageError } from '../../errors/errors.js';
import type { OptionRow, RowWithValue } from './option-table.js';

/** On or off. */
export function flag(flags: string, help: string): OptionRow<boolean> {
  return { flags, help };
}

/** `--no-…`: on unless it is given. */
export function switchOff(flags: string, help: string): RowWithValue<boolean> {
  return { flags, help, default: true };
}

export function text(flags: string, help: string): OptionRow<string> {
  return { flags, help, parse: (value) => value };
}

/** The name of a file that is written. */
export function outputFile(flags: string, help: string): OptionRow<string> {
  const parse = (value: string, where: string) => {
    if (value === '') throw new UsageError({ where: where.trimEnd(), expected: 'the name of a file' });
    return value;
  };
  return { flags, help, parse };
}

/** A name that a model can be installed under. */
export function modelName(flags: string, help: string): OptionRow<string> {
  const parse = (value: string, where: string) => {
    if (!isModelName(value))
      throw new UsageError({ where, problem: 'not a valid model name', expected: MODEL_NAME_RULE });
    return value;
  };
  return { flags, help, parse };
}

/** One of a few words, which the help lists. */
export function oneOf<const Choice extends string>(
  flags: string,
  help: string,
  choices: readonly Choice[],
): OptionRow<Choice> {
  const list = listOf(choices);
  const rule = choiceRule(choices);
  const parse = (value: string, where: string) => checkValue(value, rule, where);
  return { flags, help: help.includes('%s') ? help.replace('%s', list) : `${help}: ${list}`, parse, choices };
}

/** A number above 0. */
export function positiveNumber(flags: string, help: string): OptionRow<number> {
  return { flags, help, parse: parsePositive };
}

/** A whole number from 1; `unit` says of what. */
export function wholeNumber(
  flags: string,
  help: string,
  { unit, most }: { readonly unit?: string; readonly most?: number } = {},
): OptionRow<number> {
  return { flags, help, parse: (value, where) => parseWhole(value, where, unit, most) };
}

/** A number from 0 to 1. */
export function probability(flags: string, help: string, rule = probabilityRule): OptionRow<number> {
  const parse = (value: string, where: string) => checkValue(readDecimal(value), rule, where);
  return { flags, help, parse };
}

/** May be repeated, up to `most` times. */
export function repeated(flags: string, help: string, most = Number.POSITIVE_INFINITY): OptionRow<readonly string[]> {
  const parse = (value: string, where: string, previous: readonly string[] = []) => {
    if (previous.length >= most) throw new UsageError({ where, problem: `given more than ${most} times` });
    return [...previous, value];
  };
  return { flags, help, parse };
}

/** Values with commas between them; repeated, they add up. */
export function commaSeparated<T = string>(
  flags: string,
  help: string,
  parseOne: (value: string, where: string) => T = (value) => value as T,
): OptionRow<readonly T[]> {
  const parse = (value: string, where: string, previous: readonly T[] = []) => {
    const parts = value.split(',').filter((part) => part.trim() !== '');
    if (parts.length === 0) throw new UsageError({ where, expected: 'a comma-separated list' });
    return [...previous, ...parts.map((part) => parseOne(part.trim(), where))];
  };
  return { flags, help, parse };
}

export function required<T>(row: OptionRow<T>): RowWithValue<T> {
  return { ...row, isRequired: true };
}

export function withDefault<T>(row: OptionRow<T>, value: T): RowWithValue<T> {
  return { ...row, default: value };
}

/** A decimal number above 0. */
export function parsePositive(value: string, where: string): number {
  return checkValue(readDecimal(value), positiveRule, where);
}

/** A decimal number, of either sign. */
export function parseReal(value: string, where: string): number {
  const sign = value.startsWith('-') ? -1 : 1;
  const number = sign * readDecimal(value.replace(/^-/, ''));
  if (!Number.isFinite(number)) throw new UsageError({ where, expected: 'numbers separated by commas' });
  return number;
}

/** A whole number from 1 to `most`. */
export function parseWhole(value: string, where: string, unit?: string, most?: number): number {
  const rule = wholeRule({ ...(unit !== undefined && { unit }), ...(most !== undefined && { most }) });
  return checkValue(/^\d+$/.test(value) ? Number(value) : 0, rule, where);
}

/** Not a number where the text is no decimal one without a sign. */
function readDecimal(value: string): number {
  return /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
}
