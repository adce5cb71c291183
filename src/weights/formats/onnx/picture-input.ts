import { ModelError } from '../../../errors/errors.js';
import { quote } from '../../graph/graph-importer.js';
import type { AxisOrder } from '../../graph/value.js';
import { isFloatType } from './constants.js';
import type { OnnxGraph, OnnxInput, OnnxNode } from './graph.js';
import { DATA_TYPE } from './tensor.js';

/** The graph's only input: one picture. */
export interface PictureInput {
  readonly name: string;
  readonly dims: readonly number[];
  readonly order: AxisOrder;
  /** Takes bytes, not floats. */
  readonly isBytes: boolean;
}

/**
 * Finds the picture among a graph's inputs. Sizes that are left open are 1 for the batch, `resolution` for the sides,
 * and for the channels what the first convolution takes.
 */
export function findPicture(graph: OnnxGraph, where: string, resolution: number): PictureInput {
  const [input, ...others] = graph.inputs;
  if (input === undefined || others.length > 0) {
    const names = graph.inputs.map(({ name }) => quote(name)).join(', ');
    throw new ModelError('operator-unsupported', {
      where,
      problem: `${graph.inputs.length} inputs${names && ` (${names})`}`,
      expected: 'one, an image',
    });
  }
  const isBytes = input.type === DATA_TYPE.uint8;
  if (!isFloatType(input.type) && !isBytes) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: `an input of data type ${input.type}`,
      expected: 'floating-point numbers or bytes',
    });
  }
  const order = orderOf(graph, input);
  return { name: input.name, dims: settle(graph, input, order, resolution), order, isBytes };
}

function settle(graph: OnnxGraph, { name, dims }: OnnxInput, order: AxisOrder, resolution: number): readonly number[] {
  if (dims.length !== 4) return dims.map((size, axis) => (size === -1 && axis === 0 ? 1 : size));
  const channelAxis = order === 'CHW' ? 1 : 3;
  return dims.map((size, axis) => {
    // Whatever the batch is, one picture goes through at a time.
    if (axis === 0) return 1;
    if (size !== -1) return size;
    return axis === channelAxis ? (channelsOf(graph, name) ?? 3) : resolution;
  });
}

const isChannels = (size: number | undefined): boolean => size === 3 || size === 1;

function orderOf(graph: OnnxGraph, { name, dims }: OnnxInput): AxisOrder {
  if (dims.length !== 4) return 'CHW';
  if (isChannels(dims[3]) !== isChannels(dims[1])) return isChannels(dims[3]) ? 'HWC' : 'CHW';
  return firstOf(graph, name, 'Transpose')?.attributes.get('perm')?.integers.join() === '0,3,1,2' ? 'HWC' : 'CHW';
}

/** Channels that the first convolution takes. */
function channelsOf(graph: OnnxGraph, name: string): number | undefined {
  const conv = firstOf(graph, name, 'Conv');
  const filter = graph.constants.get(conv?.inputs[1] ?? '');
  const perGroup = filter?.dims[1];
  return perGroup === undefined ? undefined : perGroup * (conv?.attributes.get('group')?.integer ?? 1);
}

/** The first operator of a kind that the input's own values go into, through operators with one input of theirs. */
function firstOf(graph: OnnxGraph, name: string, operator: string): OnnxNode | undefined {
  const reached = new Set([name]);
  for (const node of graph.nodes) {
    if (!reached.has(node.inputs[0] ?? '')) continue;
    if (node.operator === operator) return node;
    if (node.operator !== 'Conv') for (const output of node.outputs) reached.add(output);
  }
  return undefined;
}
