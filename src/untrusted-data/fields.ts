import { ModelError } from '../errors/errors.js';

const MAX_TEXT = 1000;
const MAX_NUMBERS = 100_000;

/** One object of a card or of the like: fields are taken one by one with their type, what nobody took is refused. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #where: string;
  readonly #taken = new Set<string>();

  constructor(value: unknown, prefix: string, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ModelError('card', { where, problem: `${prefix || 'card'} is no object` });
    }
    this.#values = value as Record<string, unknown>;
    this.#prefix = prefix;
    this.#where = where;
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  wrong(name: string, expected: string): ModelError {
    const found = this.#values[name];
    const value = typeof found === 'object' && found ? 'a list or object' : JSON.stringify(found ?? null).slice(0, 100);
    return new ModelError('card', { where: this.#where, problem: `${this.#prefix}${name} is ${value}`, expected });
  }

  refuseRest(): void {
    const name = Object.keys(this.#values).find((key) => !this.#taken.has(key));
    if (name === undefined) return;
    const field = JSON.stringify(`${this.#prefix}${name}`.slice(0, 100));
    throw new ModelError('card', { where: this.#where, problem: `unknown field ${field}` });
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name);
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.#prefix}${name}.`, this.#where);
  }

  /** What `read` makes of a field, or null where the field says null. */
  nullable<T>(name: string, read: () => T): T | null {
    return this.#take(name) === null ? null : read();
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.#take(name);
    if (!Array.isArray(value) || value.length === 0 || value.length > most) {
      throw this.wrong(name, `a list of 1 to ${most}`);
    }
    return value;
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) {
      throw this.wrong(name, `a text of at most ${MAX_TEXT} characters`);
    }
    return value;
  }

  matching(name: string, pattern: RegExp, expected: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || !pattern.test(value)) throw this.wrong(name, expected);
    return value;
  }

  fileName(name: string): string {
    return this.matching(name, /^\w[\w.-]{0,199}$/, 'a plain name without folders');
  }

  number(name: string, minimum: number, maximum: number): number {
    const value = this.#take(name);
    if (!isNumberWithin(value, minimum, maximum)) throw this.wrong(name, `a number from ${minimum} to ${maximum}`);
    return value;
  }

  integer(name: string, minimum: number, maximum: number): number {
    const value = this.#take(name);
    if (!isNumberWithin(value, minimum, maximum) || !Number.isInteger(value)) {
      throw this.wrong(name, `a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  }

  /** At most 100,000 whole numbers. */
  integers(name: string, minimum: number): readonly number[] {
    const values = this.list(name, MAX_NUMBERS);
    const isFine = (value: unknown) =>
      isNumberWithin(value, minimum, Number.MAX_SAFE_INTEGER) && Number.isInteger(value);
    if (!values.every(isFine)) throw this.wrong(name, `whole numbers from ${minimum}`);
    return values as readonly number[];
  }

  flag(name: string): boolean {
    const value = this.#take(name);
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#take(name);
    const found = allowed.find((choice) => choice === value);
    if (found === undefined) throw this.wrong(name, `one of ${allowed.join(', ')}`);
    return found;
  }

  triple(name: string, minimum: number, maximum: number): [number, number, number] {
    const value = this.#take(name);
    const [first, second, third, ...more]: readonly unknown[] = Array.isArray(value) ? value : [];
    const isNumber = (each: unknown) => isNumberWithin(each, minimum, maximum);
    if (!isNumber(first) || !isNumber(second) || !isNumber(third) || more.length > 0) {
      throw this.wrong(name, `three numbers from ${minimum} to ${maximum}`);
    }
    return [first, second, third];
  }
}

function isNumberWithin(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && value >= minimum && value <= maximum;
}
