import { ModelError } from '../errors/errors.js';
import { MAX_CLASSES } from '../networks/channels.js';
import {
  activations,
  flattenOrders,
  type Layer,
  type LayerPadding,
  type Network,
  type Pads,
  type ResolvedLayer,
  resizeCoordinates,
  resizeMethods,
} from '../networks/types.js';

const MAX_LAYERS = 5000;
const MAX_INPUTS = 1024;
const MAX_PARAMETERS = 4;

type Json = Readonly<Record<string, unknown>>;

/** A network's layers as plain data, without what follows from the input's size. */
export function describeNetwork(network: Omit<Network, 'layers'> & { readonly layers: readonly Layer[] }): Network {
  const { id, alpha, classes, inputChannels } = network;
  return { id, alpha, classes, inputChannels, layers: network.layers.map(plain) };
}

function plain(layer: Layer): Layer {
  const { inputShapes: _i, outputShape: _o, pads, parameters: _r, ...rest } = layer as ResolvedLayer;
  // What `resolve` computed for a window, but a field of its own of others.
  return layer.kind === 'pad' || layer.kind === 'crop' ? ({ ...rest, pads } as Layer) : (rest as Layer);
}

/**
 * The reverse of `describeNetwork`, from JSON that anybody may have written: every field has its type, and none is there
 * that the layer's kind does not have. That layers fit together is for `resolve` to say.
 * @throws ModelError `network`
 */
export function parseNetwork(json: unknown, where: string): Network {
  const fields = new LayerFields(json, where, 'network');
  const list = fields.take('layers');
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_LAYERS) {
    throw fields.wrong('layers', `1 to ${MAX_LAYERS} layers`);
  }
  const network: Network = {
    id: fields.text('id'),
    alpha: fields.number('alpha'),
    classes: fields.count('classes'),
    inputChannels: fields.count('inputChannels'),
    layers: list.map((layer, index) => parseLayer(layer, where, `layer ${index}`)),
  };
  fields.refuseRest();
  return network;
}

function parseLayer(json: unknown, where: string, what: string): Layer {
  const fields = new LayerFields(json, where, what);
  const layer = { ...readBase(fields), ...readKind(fields) } as Layer;
  fields.refuseRest();
  return layer;
}

function readBase(fields: LayerFields) {
  const range = fields.range();
  const block = fields.optional('block', (name) => fields.label(name));
  return { name: fields.text('name'), inputs: fields.inputs(), ...(range && { range }), ...block };
}

function readKind(fields: LayerFields) {
  const kind = fields.text('kind') as Layer['kind'];
  switch (kind) {
    case 'conv':
      return {
        kind,
        ...readLinear(fields),
        ...readWindow(fields),
        ...readDilation(fields),
        outChannels: fields.count('outChannels'),
        ...fields.optionalCount('groups'),
      };
    case 'depthwise':
      return {
        kind,
        ...readLinear(fields),
        ...readWindow(fields),
        ...readDilation(fields),
        ...fields.optionalCount('multiplier'),
        ...fields.optional('isNorm', (name) => fields.flag(name)),
      };
    case 'pointwise':
      return { kind, ...readLinear(fields), stride: fields.count('stride'), outChannels: fields.count('outChannels') };
    case 'dense':
      return { kind, ...readLinear(fields), outChannels: fields.count('outChannels') };
    case 'maxPool':
      return { kind, ...readWindow(fields) };
    case 'averagePool':
      return { kind, ...readWindow(fields), countsPadding: fields.flag('countsPadding') };
    case 'activation':
      return { kind, ...readActivation(fields) };
    case 'prelu':
      return { kind, ...fields.optional('perPixel', (name) => fields.flag(name)) };
    case 'pad':
      return { kind, pads: fields.pads('pads'), value: fields.real('value') };
    case 'crop':
      return { kind, pads: fields.pads('pads') };
    case 'slice':
      return { kind, from: fields.whole('from'), to: fields.count('to') };
    case 'resize':
      return {
        kind,
        height: fields.count('height'),
        width: fields.count('width'),
        method: fields.oneOf('method', resizeMethods),
        coordinates: fields.oneOf('coordinates', resizeCoordinates),
      };
    case 'flatten':
      return { kind, order: fields.oneOf('order', flattenOrders) };
    case 'add':
    case 'multiply':
    case 'subtract':
    case 'maximum':
    case 'minimum':
    case 'scale':
    case 'concat':
    case 'globalAveragePool':
    case 'globalMaxPool':
    case 'softmax':
      return { kind };
    default:
      kind satisfies never;
      throw fields.wrong('kind', 'one of this version');
  }
}

function readLinear(fields: LayerFields) {
  return { batchNorm: fields.flag('batchNorm'), bias: fields.flag('bias'), ...readActivation(fields) };
}

function readActivation(fields: LayerFields) {
  return {
    activation: fields.oneOf('activation', activations),
    ...fields.optional('activationParameters', (name) => fields.reals(name)),
  };
}

function readWindow(fields: LayerFields) {
  return {
    kernelSize: fields.count('kernelSize'),
    ...fields.optionalCount('kernelWidth'),
    stride: fields.count('stride'),
    ...fields.optionalCount('strideWidth'),
    padding: fields.padding(),
  };
}

function readDilation(fields: LayerFields) {
  return { ...fields.optionalCount('dilation'), ...fields.optionalCount('dilationWidth') };
}

/** One object: fields are taken one by one with their type, what nobody took is refused. */
class LayerFields {
  readonly #values: Json;
  readonly #where: string;
  readonly #taken = new Set<string>();

  constructor(json: unknown, where: string, what: string) {
    this.#where = `${where}: ${what}`;
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new ModelError('network', { problem: `${this.#where} is no object`, expected: 'one' });
    }
    this.#values = json as Json;
  }

  take(name: string): unknown {
    this.#taken.add(name);
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  wrong(name: string, expected: string): ModelError {
    return new ModelError('network', { where: this.#where, problem: `${name} is wrong`, expected });
  }

  refuseRest(): void {
    const name = Object.keys(this.#values).find((key) => !this.#taken.has(key));
    if (name !== undefined) throw this.wrong(JSON.stringify(name.slice(0, 100)), 'no such field');
  }

  text(name: string): string {
    const value = this.take(name);
    if (typeof value !== 'string' || !/^[\w./+-]{1,200}$/.test(value)) throw this.wrong(name, 'a plain name');
    return value;
  }

  number(name: string): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !(value > 0)) throw this.wrong(name, 'a number above 0');
    return value;
  }

  count(name: string): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_CLASSES) {
      throw this.wrong(name, `a whole number from 1 to ${MAX_CLASSES}`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.take(name);
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  /** A whole number from 0. */
  whole(name: string): number {
    return this.take(name) === 0 ? 0 : this.count(name);
  }

  real(name: string): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name, 'a number');
    return value;
  }

  reals(name: string): readonly number[] {
    const value = this.take(name);
    const isList =
      Array.isArray(value) && value.length <= MAX_PARAMETERS && value.every((each) => Number.isFinite(each));
    if (!isList) throw this.wrong(name, `at most ${MAX_PARAMETERS} numbers`);
    return value;
  }

  /** Words with spaces between. */
  label(name: string): string {
    const value = this.take(name);
    if (typeof value !== 'string' || !/^[\w./+-][\w ./+-]{0,199}$/.test(value)) throw this.wrong(name, 'a plain name');
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.take(name);
    const found = choices.find((each) => each === value);
    if (found === undefined) throw this.wrong(name, `one of ${choices.join(', ')}`);
    return found;
  }

  /** `{ [name]: value }` where the field is there, else nothing. */
  optional<K extends string, T>(name: K, read: (name: K) => T): { readonly [key in K]?: T } {
    return this.take(name) === undefined ? {} : ({ [name]: read(name) } as { [key in K]: T });
  }

  optionalCount<K extends string>(name: K): { readonly [key in K]?: number } {
    return this.optional(name, () => this.count(name));
  }

  inputs(): readonly string[] {
    const value = this.take('inputs');
    const isList =
      Array.isArray(value) && value.length <= MAX_INPUTS && value.every((each) => typeof each === 'string');
    if (!isList) throw this.wrong('inputs', 'names of layers');
    return value;
  }

  range(): readonly [number, number] | undefined {
    const value = this.take('range');
    if (value === undefined) return undefined;
    const isPair = Array.isArray(value) && value.length === 2 && value.every((each) => Number.isFinite(each));
    if (!isPair || value[0] > value[1]) throw this.wrong('range', 'two numbers in order');
    return [value[0], value[1]];
  }

  padding(): LayerPadding {
    const value = this.take('padding');
    return value === 'same' || value === 'valid' ? value : this.pads('padding', 'same, valid or four counts');
  }

  pads(name: string, expected = 'four counts'): Pads {
    const sides = ['top', 'bottom', 'left', 'right'] as const;
    const pads = this.take(name) as Json | null | undefined;
    if (typeof pads !== 'object' || pads === null || !sides.every((side) => Number.isInteger(pads[side]))) {
      throw this.wrong(name, expected);
    }
    const [top, bottom, left, right] = sides.map((side) => pads[side] as number) as [number, number, number, number];
    return { top, bottom, left, right };
  }
}
