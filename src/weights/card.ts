import { ModelError } from '../errors.js';
import type { Preprocessing, ResizeFilter } from '../images/types.js';
import { isNetworkId, type NetworkId } from '../networks/index.js';
import type { PaddingConvention } from '../networks/types.js';
import { readModelFile } from './file.js';

const MAX_CARD_BYTES = 64 * 1024;
const MAX_TEXT = 1000;

/** A file in the card's own folder. */
export interface WeightsFile {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Format of the convolution and dense weights; biases are single precision always. */
  readonly dtype: 'f16' | 'f32';
}

/** What was trained: everything about a set of weights that is no property of the network. */
export interface Card {
  readonly name: string;
  readonly network: NetworkId;
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
  readonly padding: PaddingConvention;
  /** Of the batch norms, whether folded already or not. */
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  /** A labels file in the card's own folder. */
  readonly labels: string;
  readonly weights: WeightsFile;
  /** Accuracy on ImageNet's validation set in percent, as the source says. */
  readonly published: { readonly top1: number; readonly top5: number; readonly source: string };
  readonly origin: string;
  readonly licence: string;
}

const FILTERS: readonly ResizeFilter[] = ['pil-bilinear', 'pil-bicubic', 'tf1-bilinear', 'lanczos3', 'nearest'];

/**
 * A card from its JSON. Every field is checked, none may be absent, and none besides are allowed; file names cannot
 * leave the folder.
 * @throws ModelError `card` that names the field
 */
export function readCard(path: string): Card {
  return parseCard(readModelFile(path, MAX_CARD_BYTES), path);
}

/** Like `readCard`, from bytes already at hand. */
export function parseCard(bytes: Uint8Array, where: string): Card {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelError('card', `${where}: not JSON, expected a model's card`, { cause });
  }
  const card = new Fields(json, '', where);
  const network = card.text('network');
  if (!isNetworkId(network)) throw card.wrong('network', 'the name of a network');
  const weights = card.object('weights');
  const published = card.object('published');
  const resolution = card.integer('resolution', 1, 4096);
  const preprocessing = readPreprocessing(card.object('preprocessing'));
  if (preprocessing.resolution !== resolution) throw card.wrong('preprocessing.resolution', `${resolution}`);
  const result: Card = {
    name: card.fileName('name'),
    network,
    alpha: card.number('alpha', Number.MIN_VALUE, 100),
    resolution,
    classes: card.integer('classes', 1, 100_000),
    padding: card.oneOf('padding', ['tensorflow', 'pytorch'] as const),
    epsilon: card.number('epsilon', 0, 1),
    preprocessing,
    labels: card.fileName('labels'),
    weights: {
      file: weights.fileName('file'),
      bytes: weights.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
      sha256: weights.matching('sha256', /^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
      dtype: weights.oneOf('dtype', ['f16', 'f32'] as const),
    },
    published: {
      top1: published.number('top1', 0, 100),
      top5: published.number('top5', 0, 100),
      source: published.text('source'),
    },
    origin: card.text('origin'),
    licence: card.text('licence'),
  };
  for (const fields of [card, weights, published]) fields.refuseRest();
  return result;
}

function readPreprocessing(fields: Fields): Preprocessing {
  const preprocessing: Preprocessing = {
    crop: fields.oneOf('crop', ['center', 'squash'] as const),
    resize: fields.integer('resize', 1, 8192),
    resolution: fields.integer('resolution', 1, 4096),
    filter: fields.oneOf('filter', FILTERS),
    mean: fields.triple('mean', -10, 10),
    std: fields.triple('std', 1e-6, 10),
  };
  if (preprocessing.crop === 'center' && preprocessing.resize < preprocessing.resolution) {
    throw fields.wrong('resize', `at least the resolution, ${preprocessing.resolution}`);
  }
  fields.refuseRest();
  return preprocessing;
}

/** One object of the card: fields are taken one by one with their type, what nobody took is refused. */
class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #where: string;
  readonly #taken = new Set<string>();

  constructor(value: unknown, prefix: string, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ModelError('card', `${where}: ${prefix || 'card'} is no object`);
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
    return new ModelError('card', `${this.#where}: ${this.#prefix}${name} is ${value}, expected ${expected}`);
  }

  refuseRest(): void {
    const name = Object.keys(this.#values).find((key) => !this.#taken.has(key));
    if (name === undefined) return;
    const field = JSON.stringify(`${this.#prefix}${name}`.slice(0, 100));
    throw new ModelError('card', `${this.#where}: unknown field ${field}`);
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.#prefix}${name}.`, this.#where);
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

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#take(name);
    const found = allowed.find((choice) => choice === value);
    if (found === undefined) throw this.wrong(name, `one of ${allowed.join(', ')}`);
    return found;
  }

  triple(name: string, minimum: number, maximum: number): [number, number, number] {
    const value = this.#take(name);
    const isTriple =
      Array.isArray(value) && value.length === 3 && value.every((each) => isNumberWithin(each, minimum, maximum));
    if (!isTriple) throw this.wrong(name, `three numbers from ${minimum} to ${maximum}`);
    return [value[0], value[1], value[2]];
  }
}

function isNumberWithin(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && value >= minimum && value <= maximum;
}
