import type { Attribute, OnnxGraph, OnnxNode } from './graph.js';
import { JOINT_FUNCTIONS, scalarFunction } from './scalar-functions.js';
import { type OnnxTensor, readValues } from './tensor.js';

/** Where functions are compared: on both sides of 0, between and beyond the kinks of all activations. */
const POINTS = [
  ...[-40, -17.3, -9.1, -6.2, -4.4, -3.1, -2.9, -2.2, -1.7, -1.1, -0.8, -0.53, -0.31, -0.12, -0.01],
  ...[0, 0.02, 0.13, 0.29, 0.47, 0.77, 0.93, 1.2, 1.9, 2.3, 2.8, 3.3, 4.1, 5.7, 6.4, 8.8, 15.2, 40],
];
/** Constants in single precision leave a little. */
const TOLERANCE = 2e-6;

/** A name's value as a function of another name's, at `POINTS`. */
interface Traced {
  readonly root: string;
  readonly values: readonly number[];
}

/** Of how many names before it a value is followed as a function; a chain of activations has a few. */
const MAX_ROOTS = 4;

/**
 * Exporters take activations apart that their operator set has no operator for: hard-swish into Add, Clip, Mul and Div,
 * GELU into Div, Erf, Add and Mul. Wherever a value is one of the known activations of a value before it, whatever it
 * is computed by, it becomes that one operator; what nothing reads any more is left out.
 */
export function fuseActivations(graph: OnnxGraph): OnnxGraph {
  const traces = new Map<string, readonly Traced[]>();
  const numbers = readScalars(graph);
  const nodes = graph.nodes.map((node) => {
    const [output] = node.outputs;
    const traced = traceNode(node, traces, numbers);
    if (traced === undefined || output === undefined) return node;
    traces.set(output, traced);
    for (const { root, values } of traced) {
      // What is one operator already stays what it is.
      if (root === node.inputs[0] && node.inputs.length === 1) continue;
      const activation = recognise(values);
      if (activation !== undefined) return { ...activation, name: node.name, inputs: [root], outputs: node.outputs };
    }
    return node;
  });
  return keepNeeded({ ...graph, nodes });
}

/** Without what no output depends on. */
export function keepNeeded(graph: OnnxGraph): OnnxGraph {
  const needed = new Set(graph.outputs);
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false;
      for (const name of node.inputs) needed.add(name);
      return true;
    })
    .reverse();
  return { ...graph, nodes, inputs: graph.inputs.filter(({ name }) => needed.has(name)) };
}

/** Constants of one number, by their names. */
function readScalars(graph: OnnxGraph): Map<string, number> {
  const numbers = new Map<string, number>();
  const add = (name: string, tensor: OnnxTensor) => {
    if (tensor.external !== undefined || tensor.dims.some((size) => size !== 1)) return;
    const [value] = Array.from(readValues(tensor, () => new Uint8Array(0)));
    if (value !== undefined) numbers.set(name, value);
  };
  for (const [name, tensor] of graph.constants) add(name, tensor);
  for (const { operator, attributes, outputs } of graph.nodes) {
    if (operator !== 'Constant' || outputs[0] === undefined) continue;
    const tensor = attributes.get('value')?.tensor;
    const single = attributes.get('value_float')?.float ?? attributes.get('value_int')?.integer;
    if (tensor !== undefined) add(outputs[0], tensor);
    else if (single !== undefined) numbers.set(outputs[0], single);
  }
  return numbers;
}

/** The node's output as a function of names before it; undefined where it is no function of a single value. */
function traceNode(
  node: OnnxNode,
  traces: ReadonlyMap<string, readonly Traced[]>,
  numbers: Map<string, number>,
): readonly Traced[] | undefined {
  const { operator, inputs, outputs } = node;
  const [first = ''] = inputs;
  if (operator === 'Cast' && numbers.has(first) && outputs[0] !== undefined) {
    numbers.set(outputs[0], numbers.get(first) ?? 0);
    return undefined;
  }
  const of = (name: string): readonly Traced[] => [{ root: name, values: POINTS }, ...(traces.get(name) ?? [])];
  const joint = JOINT_FUNCTIONS.get(operator);
  if (joint !== undefined && inputs.length > 1) return joinTraces(inputs, joint, of, numbers);
  const single = operator === 'Clip' ? clipOf(node, numbers) : inputs.length === 1 ? scalarFunction(node) : undefined;
  return single && limit(of(first).map(({ root, values }) => ({ root, values: values.map(single) })));
}

/** Of several inputs, each a number or a function of one and the same name. */
function joinTraces(
  inputs: readonly string[],
  joint: (...values: readonly number[]) => number,
  of: (name: string) => readonly Traced[],
  numbers: ReadonlyMap<string, number>,
): readonly Traced[] | undefined {
  const [variable, ...others] = inputs.filter((name) => !numbers.has(name));
  if (variable === undefined) return undefined;
  const traced = new Map(others.map((name) => [name, new Map(of(name).map(({ root, values }) => [root, values]))]));
  const joined = of(variable).flatMap(({ root, values }) => {
    if (!others.every((name) => name === variable || traced.get(name)?.has(root))) return [];
    const lists = inputs.map((name) => {
      const constant = numbers.get(name);
      return constant === undefined
        ? name === variable
          ? values
          : traced.get(name)?.get(root)
        : POINTS.map(() => constant);
    });
    return [{ root, values: POINTS.map((_, index) => joint(...lists.map((list) => list?.[index] ?? Number.NaN))) }];
  });
  return joined.length > 0 ? limit(joined) : undefined;
}

/** Those that reach back furthest come last; they stand for the whole of an activation. */
function limit(traces: readonly Traced[]): readonly Traced[] {
  return traces.slice(-MAX_ROOTS);
}

/** A Clip whose bounds are inputs. */
function clipOf(node: OnnxNode, numbers: ReadonlyMap<string, number>) {
  const bounds = ['min', 'max'].map((name, index) => {
    const input = node.inputs[index + 1];
    return [name, input ? numbers.get(input) : node.attributes.get(name)?.float] as const;
  });
  const isUnknown = bounds.some(([, value], index) => node.inputs[index + 1] && value === undefined);
  if (isUnknown) return undefined;
  const given = bounds.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return scalarFunction({ ...node, ...operation('Clip', Object.fromEntries(given)) });
}

type Activation = Pick<OnnxNode, 'operator' | 'attributes'>;

const NO_VALUE = { integer: undefined, float: undefined, text: undefined, integers: [], floats: [], tensor: undefined };

function operation(operator: string, values: Readonly<Record<string, number | string>> = {}): Activation {
  const attributes = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(values)) {
    attributes.set(name, { ...NO_VALUE, ...(typeof value === 'string' ? { text: value } : { float: value }) });
  }
  return { operator, attributes };
}

/** The activations that are taken apart; those with a number of their own are made from the values. */
const KNOWN: readonly Activation[] = [
  operation('Relu'),
  operation('Clip', { min: 0, max: 6 }),
  operation('HardSwish'),
  operation('HardSigmoid', { alpha: 1 / 6, beta: 0.5 }),
  operation('HardSigmoid', { alpha: 0.2, beta: 0.5 }),
  operation('Swish'),
  operation('Gelu'),
  operation('Gelu', { approximate: 'tanh' }),
  operation('Mish'),
  operation('Sigmoid'),
  operation('Softplus'),
  operation('Softsign'),
  operation('Tanh'),
  operation('Selu'),
];

const SAMPLES = KNOWN.map((activation) => {
  const f = scalarFunction({ ...activation, name: '', inputs: [], outputs: [] });
  return { activation, values: POINTS.map((x) => f?.(x) ?? Number.NaN) };
});

function recognise(values: readonly number[]): Activation | undefined {
  const found = SAMPLES.find((sample) => areAlike(values, sample.values));
  if (found !== undefined) return found.activation;
  // x · slope below 0 and x itself above.
  const alpha = (values[0] ?? 0) / (POINTS[0] ?? 1);
  const isSlope = alpha > 0 && alpha < 1;
  if (
    isSlope &&
    areAlike(
      values,
      POINTS.map((x) => (x < 0 ? alpha * x : x)),
    )
  )
    return operation('LeakyRelu', { alpha });
  return undefined;
}

function areAlike(values: readonly number[], others: readonly number[]): boolean {
  return values.every((value, index) => {
    const other = others[index] ?? Number.NaN;
    return Math.abs(value - other) <= TOLERANCE * Math.max(1, Math.abs(other));
  });
}
