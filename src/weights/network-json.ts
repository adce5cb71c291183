import { ModelError } from '../errors/errors.js';
import { MAX_CLASSES } from '../networks/channels.js';
import type { Activation, Layer, LayerPadding, Network, ResolvedLayer } from '../networks/types.js';

const MAX_LAYERS = 5000;
const MAX_INPUTS = 2;
const ACTIVATIONS: readonly Activation[] = ['linear', 'relu', 'relu6', 'swish', 'sigmoid'];

type Json = Readonly<Record<string, unknown>>;

/** A network's layers as plain data, without what follows from the input's size. */
export function describeNetwork(network: Omit<Network, 'layers'> & { readonly layers: readonly Layer[] }): Network {
  const { id, alpha, classes, inputChannels } = network;
  return { id, alpha, classes, inputChannels, layers: network.layers.map(plain) };
}

function plain(layer: Layer): Layer {
  const { inputShapes: _i, outputShape: _o, pads: _p, parameters: _r, ...rest } = layer as ResolvedLayer;
  return rest;
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
  return { name: fields.text('name'), inputs: fields.inputs(), ...(range && { range }) };
}

function readKind(fields: LayerFields) {
  const kind = fields.text('kind') as Layer['kind'];
  const linear = () => ({
    batchNorm: fields.flag('batchNorm'),
    bias: fields.flag('bias'),
    activation: fields.activation(),
  });
  const window = () => ({
    kernelSize: fields.count('kernelSize'),
    stride: fields.count('stride'),
    padding: fields.padding(),
  });
  switch (kind) {
    case 'conv':
      return { kind, ...linear(), ...window(), outChannels: fields.count('outChannels') };
    case 'depthwise':
      return { kind, ...linear(), ...window() };
    case 'pointwise':
      return { kind, ...linear(), stride: fields.count('stride'), outChannels: fields.count('outChannels') };
    case 'dense':
      return { kind, ...linear(), outChannels: fields.count('outChannels') };
    case 'maxPool':
      return { kind, ...window() };
    case 'activation':
      return { kind, activation: fields.activation() };
    case 'add':
    case 'scale':
    case 'globalAveragePool':
    case 'softmax':
      return { kind };
    default:
      kind satisfies never;
      throw fields.wrong('kind', 'one of this version');
  }
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

  activation(): Activation {
    const value = this.take('activation');
    const found = ACTIVATIONS.find((each) => each === value);
    if (found === undefined) throw this.wrong('activation', `one of ${ACTIVATIONS.join(', ')}`);
    return found;
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
    if (value === 'same' || value === 'valid') return value;
    const sides = ['top', 'bottom', 'left', 'right'] as const;
    const pads = value as Json | null;
    if (typeof pads !== 'object' || pads === null || !sides.every((side) => Number.isInteger(pads[side]))) {
      throw this.wrong('padding', 'same, valid or four counts');
    }
    const [top, bottom, left, right] = sides.map((side) => pads[side] as number) as [number, number, number, number];
    return { top, bottom, left, right };
  }
}
