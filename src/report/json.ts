import { unprintable } from '../errors/printable.js';

/** A document laid out for people; ends with a line feed. */
export function jsonDocument(value: unknown): string {
  return `${escaped(JSON.stringify(value, roundTimes, 2))}\n`;
}

/** A document as one line. */
export function jsonLine(value: unknown): string {
  return `${escaped(JSON.stringify(value, roundTimes))}\n`;
}

/** A document with `"images": […]` as its last field, written piece by piece as if it were written at once. */
export function jsonList(head: object, name: string): { begin: string; entry(value: unknown): string; end(): string } {
  let count = 0;
  const document = escaped(JSON.stringify({ ...head, [name]: [] }, roundTimes, 2));
  return {
    begin: document.slice(0, -']\n}'.length),
    entry: (value) => `${count++ === 0 ? '' : ','}\n    ${jsonDocument(value).trimEnd().replaceAll('\n', '\n    ')}`,
    end: () => `${count === 0 ? '' : '\n  '}]\n}\n`,
  };
}

/** Times are under `ms`, alone or several by name; more than two decimals would be noise. */
function roundTimes(this: unknown, key: string, value: unknown): unknown {
  if (key !== 'ms') return value;
  if (typeof value === 'number') return round(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, time]) => [name, typeof time === 'number' ? round(time) : time]),
  );
}

function round(milliseconds: number): number {
  return Number(milliseconds.toFixed(2));
}

/**
 * The same values, with JSON's escapes (`\u009b`) for characters that would steer a terminal. The line feeds that lay a
 * document out stay; those in strings are escapes already.
 */
function escaped(json: string): string {
  return json.replace(unprintable, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
