import { UsageError } from '../errors/errors.js';

/** A decimal number above 0, or undefined where the option is absent. */
export function parseNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : 0;
  if (!(value > 0 && Number.isFinite(value)))
    throw new UsageError({ where: `${option} ${text}`, expected: 'a number above 0' });
  return value;
}

/** A whole number from 1 to `most`; `expected` names what it counts. */
export function parseWhole(
  option: string,
  text: string | undefined,
  expected: string,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (!(value > 0 && value <= most)) throw new UsageError({ where: `${option} ${text}`, expected });
  return value;
}
