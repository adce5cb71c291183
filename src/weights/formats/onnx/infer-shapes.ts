import { multiply } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import { type Dims, slideTransposed, slideWindow } from './infer-windows.js';

/** What is known of an operator's inputs. */
export interface KnownInputs {
  dims(index: number): Dims;
  /** The values of a short constant. */
  list(index: number): readonly number[] | undefined;
}

type Infer = (node: OnnxNode, known: KnownInputs) => Dims;

/** The shapes of an operator's outputs, in their order. */
export function inferShapes(node: OnnxNode, known: KnownInputs): readonly Dims[] {
  if (node.operator === 'Split') return inferSplit(node, known);
  if (node.operator === 'DynamicQuantizeLinear') return [known.dims(0), [], []];
  return [SHAPES.get(node.operator)?.(node, known)];
}

/** A list that newer operator sets take as an input and older ones as an attribute. */
function listOption(
  { attributes }: OnnxNode,
  known: KnownInputs,
  index: number,
  name: string,
): readonly number[] | undefined {
  return known.list(index) ?? attributes.get(name)?.integers;
}

/** `axis` of `rank` dimensions, counted from the end where it is negative. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

function keepFirst(_: OnnxNode, known: KnownInputs): Dims {
  return known.dims(0);
}

function broadcastAll({ inputs }: OnnxNode, known: KnownInputs): Dims {
  return inputs.map((_, index) => known.dims(index)).reduce((a, b) => a && b && broadcast(a, b));
}

function broadcastOf(...indices: readonly number[]): Infer {
  return (_, known) => indices.map((index) => known.dims(index)).reduce((a, b) => a && b && broadcast(a, b));
}

export function broadcast(a: readonly number[], b: readonly number[]): Dims {
  const rank = Math.max(a.length, b.length);
  const pairs = Array.from(
    { length: rank },
    (_, axis) => [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1] as const,
  );
  if (!pairs.every(([x, y]) => x === y || x === 1 || y === 1)) return undefined;
  return pairs.map(([x, y]) => (x === 1 ? y : x));
}

/** A convolution whose filter is input `at`. */
function inferConv(at: number): Infer {
  return (node, known) => {
    const filter = known.dims(at);
    return slideWindow(node, known.dims(0), filter?.slice(2), filter?.[0]);
  };
}

function inferPool(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  return slideWindow(node, input, node.attributes.get('kernel_shape')?.integers, input?.[1]);
}

function inferGlobalPool(_: OnnxNode, known: KnownInputs): Dims {
  return known.dims(0)?.map((size, axis) => (axis < 2 ? size : 1));
}

function inferGemm(at: number): Infer {
  return ({ attributes }, known) => {
    const [a, b] = [known.dims(0), known.dims(at)];
    if (a?.length !== 2 || b?.length !== 2) return undefined;
    const rows = a[attributes.get('transA')?.integer === 1 ? 1 : 0] ?? 0;
    return [rows, b[attributes.get('transB')?.integer === 1 ? 0 : 1] ?? 0];
  };
}

function inferMatMul(at: number): Infer {
  return (_, known) => {
    const [a, b] = [known.dims(0), known.dims(at)];
    if (!a || !b || a.length < 1 || b.length < 1) return undefined;
    const rows = a.length > 1 ? [a.at(-2) ?? 1] : [];
    const columns = b.length > 1 ? [b.at(-1) ?? 1] : [];
    const batch = broadcast(a.slice(0, -2), b.slice(0, -2));
    return batch && [...batch, ...rows, ...columns];
  };
}

function inferFlatten({ attributes }: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  if (!input) return undefined;
  const axis = fromFront(attributes.get('axis')?.integer ?? 1, input.length);
  return [multiply(input.slice(0, axis)), multiply(input.slice(axis))];
}

export function permutationOf({ attributes }: OnnxNode, rank: number): readonly number[] | undefined {
  const order = attributes.get('perm')?.integers ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const isOrder = order.length === rank && new Set(order).size === rank && order.every((a) => a >= 0 && a < rank);
  return isOrder ? order : undefined;
}

function inferTranspose(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  return input && permutationOf(node, input.length)?.map((axis) => input[axis] ?? 1);
}

/** 0 keeps a size, −1 is what is left. */
function inferReshape(node: OnnxNode, known: KnownInputs): Dims {
  const [input, wanted] = [known.dims(0), listOption(node, known, 1, 'shape')];
  if (!input || !wanted) return undefined;
  const keepsZero = node.attributes.get('allowzero')?.integer === 1;
  const sizes = wanted.map((size, axis) => (size === 0 && !keepsZero ? (input[axis] ?? 0) : size));
  const known1 = multiply(sizes.filter((size) => size !== -1));
  const rest = known1 === 0 ? 0 : multiply(input) / known1;
  const shape = sizes.map((size) => (size === -1 ? rest : size));
  const fits = shape.every((size) => Number.isSafeInteger(size) && size >= 0) && multiply(shape) === multiply(input);
  return fits ? shape : undefined;
}

function inferReduction(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  if (!input) return undefined;
  const axes = reducedAxes(node, known, input.length);
  const keeps = node.attributes.get('keepdims')?.integer !== 0;
  return axes && input.flatMap((size, axis) => (axes.has(axis) ? (keeps ? [1] : []) : [size]));
}

/** The axes that a ReduceMean or its kin goes over; undefined where they are only known at run time. */
export function reducedAxes(node: OnnxNode, known: KnownInputs, rank: number): ReadonlySet<number> | undefined {
  const isGiven = node.inputs[1] !== undefined && node.inputs[1] !== '';
  const stated = listOption(node, known, 1, 'axes');
  if (isGiven && !stated) return undefined;
  if (stated && stated.length > 0) return new Set(stated.map((axis) => fromFront(axis, rank)));
  const keepsAll = node.attributes.get('noop_with_empty_axes')?.integer === 1;
  return new Set(keepsAll ? [] : Array.from({ length: rank }, (_, axis) => axis));
}

function inferArgument({ attributes }: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  if (!input) return undefined;
  const reduced = fromFront(attributes.get('axis')?.integer ?? 0, input.length);
  const keeps = attributes.get('keepdims')?.integer !== 0;
  return input.flatMap((size, axis) => (axis === reduced ? (keeps ? [1] : []) : [size]));
}

function inferSqueeze(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  const isGiven = node.inputs[1] !== undefined && node.inputs[1] !== '';
  const stated = listOption(node, known, 1, 'axes');
  if (!input || (isGiven && !stated)) return undefined;
  const axes = stated?.map((axis) => fromFront(axis, input.length));
  if (axes?.some((axis) => input[axis] !== 1)) return undefined;
  return input.filter((size, axis) => (axes?.length ? !axes.includes(axis) : size !== 1));
}

function inferUnsqueeze(node: OnnxNode, known: KnownInputs): Dims {
  const [input, stated] = [known.dims(0), listOption(node, known, 1, 'axes')];
  if (!input || !stated) return undefined;
  const rank = input.length + stated.length;
  const places = new Set(stated.map((axis) => fromFront(axis, rank)));
  if (places.size !== stated.length || ![...places].every((axis) => axis >= 0 && axis < rank)) return undefined;
  const rest = input.values();
  return Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : (rest.next().value ?? 1)));
}

function inferConcat({ inputs, attributes }: OnnxNode, known: KnownInputs): Dims {
  const shapes = inputs.map((_, index) => known.dims(index));
  const first = shapes[0];
  if (!first) return undefined;
  const place = fromFront(attributes.get('axis')?.integer ?? 1, first.length);
  let total = 0;
  for (const shape of shapes) {
    const fits = shape?.length === first.length && shape.every((size, axis) => axis === place || size === first[axis]);
    if (!fits || shape[place] === undefined) return undefined;
    total += shape[place];
  }
  return first.map((size, axis) => (axis === place ? total : size));
}

/** (y scale, y zero point, then each map with its scale and zero point) */
function inferQLinearConcat(node: OnnxNode, known: KnownInputs): Dims {
  const maps = node.inputs.filter((_, index) => index >= 2 && index % 3 === 2);
  return inferConcat({ ...node, inputs: maps }, { dims: (index) => known.dims(2 + 3 * index), list: () => undefined });
}

function inferSplit(node: OnnxNode, known: KnownInputs): readonly Dims[] {
  const input = known.dims(0);
  const place = input && fromFront(node.attributes.get('axis')?.integer ?? 0, input.length);
  const parts = place === undefined ? undefined : splitSizes(node, known, input?.[place] ?? 0);
  if (!parts) return [];
  return parts.map((part) => input?.map((size, axis) => (axis === place ? part : size)));
}

/** How many of `size` values each output of a Split gets. */
export function splitSizes(node: OnnxNode, known: KnownInputs, size: number): readonly number[] | undefined {
  const isGiven = node.inputs[1] !== undefined && node.inputs[1] !== '';
  const given = listOption(node, known, 1, 'split');
  if (isGiven && !given) return undefined;
  if (given?.length) return given.reduce((sum, part) => sum + part, 0) === size ? given : undefined;
  const even = Math.ceil(size / Math.max(node.outputs.length, 1));
  return node.outputs.map((_, index) => Math.min(even, size - index * even));
}

/** What a Slice takes along one axis: `count` values from `start` on, in steps. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export function slicesOf(node: OnnxNode, known: KnownInputs, input: readonly number[]): readonly Cut[] | undefined {
  const [starts, ends] = [listOption(node, known, 1, 'starts'), listOption(node, known, 2, 'ends')];
  const axes = listOption(node, known, 3, 'axes') ?? starts?.map((_, index) => index);
  const steps = known.list(4);
  const needed = [3, 4].filter((index) => node.inputs[index]);
  if (!starts || !ends || !axes || needed.some((index) => !known.list(index))) return undefined;
  const cuts: Cut[] = [];
  for (const [index, stated] of axes.entries()) {
    const axis = fromFront(stated, input.length);
    const [size, start, end, step] = [input[axis], starts[index], ends[index], steps?.[index] ?? 1];
    if (size === undefined || start === undefined || end === undefined || step === 0) return undefined;
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const inside = (at: number) => Math.min(Math.max(fromFront(at, size), step > 0 ? 0 : low), high);
    const first = inside(start);
    // Far below 0 means "to the very first" in backward steps.
    const last = step < 0 && end < -size ? -1 : inside(end);
    cuts.push({ axis, start: first, step, count: Math.max(Math.ceil((last - first) / step), 0) });
  }
  return cuts;
}

function inferSlice(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  const cuts = input && slicesOf(node, known, input);
  if (!cuts) return undefined;
  const sizes = [...input];
  for (const { axis, count } of cuts) sizes[axis] = count;
  return sizes;
}

function inferGather({ attributes }: OnnxNode, known: KnownInputs): Dims {
  const [input, indices] = [known.dims(0), known.dims(1)];
  if (!input || !indices) return undefined;
  const axis = fromFront(attributes.get('axis')?.integer ?? 0, input.length);
  return [...input.slice(0, axis), ...indices, ...input.slice(axis + 1)];
}

/** Only with indices of one number each, along the first axis. */
function inferGatherNd({ attributes }: OnnxNode, known: KnownInputs): Dims {
  const [input, indices] = [known.dims(0), known.dims(1)];
  if (!input || indices?.at(-1) !== 1 || (attributes.get('batch_dims')?.integer ?? 0) !== 0) return undefined;
  return [...indices.slice(0, -1), ...input.slice(1)];
}

/** Counts before and after for each axis; negative ones cut. */
export function padsOf(
  node: OnnxNode,
  known: KnownInputs,
  rank: number,
): readonly (readonly [number, number])[] | undefined {
  const stated = listOption(node, known, 1, 'pads') ?? node.attributes.get('paddings')?.integers;
  const axes = node.inputs[3] ? known.list(3)?.map((axis) => fromFront(axis, rank)) : undefined;
  if (!stated || (node.inputs[3] && !axes)) return undefined;
  const places = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  if (stated.length !== 2 * places.length) return undefined;
  return Array.from({ length: rank }, (_, axis) => {
    const at = places.indexOf(axis);
    return at < 0 ? [0, 0] : [stated[at] ?? 0, stated[at + places.length] ?? 0];
  });
}

function inferPad(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  const pads = input && padsOf(node, known, input.length);
  const sizes = pads && input.map((size, axis) => size + (pads[axis]?.[0] ?? 0) + (pads[axis]?.[1] ?? 0));
  return sizes?.every((size) => size >= 0) ? sizes : undefined;
}

/** Resize (X, roi, scales, sizes) and its predecessors with (X, scales). */
function inferResize(node: OnnxNode, known: KnownInputs): Dims {
  const input = known.dims(0);
  if (!input) return undefined;
  const sizes = known.list(3);
  const scales = known.list(node.inputs.length > 2 ? 2 : 1) ?? node.attributes.get('scales')?.floats;
  const axes = node.attributes.get('axes')?.integers.map((axis) => fromFront(axis, input.length));
  const at = (axis: number) => (axes ? axes.indexOf(axis) : axis);
  if (sizes?.length === (axes?.length ?? input.length)) {
    if ((node.attributes.get('keep_aspect_ratio_policy')?.text ?? 'stretch') !== 'stretch') return undefined;
    return input.map((size, axis) => sizes[at(axis)] ?? size);
  }
  if (scales?.length !== (axes?.length ?? input.length)) return undefined;
  return input.map((size, axis) => Math.floor(size * (scales[at(axis)] ?? 1)));
}

function inferExpand(_: OnnxNode, known: KnownInputs): Dims {
  const [input, wanted] = [known.dims(0), known.list(1)];
  return input && wanted && broadcast(input, wanted);
}

function inferTile(_: OnnxNode, known: KnownInputs): Dims {
  const [input, times] = [known.dims(0), known.list(1)];
  return times?.length === input?.length ? input?.map((size, axis) => size * (times?.[axis] ?? 1)) : undefined;
}

/** Blocks of pixels become channels, or channels blocks of pixels. */
function inferBlocks(isToDepth: boolean): Infer {
  return ({ attributes }, known) => {
    const [batch, channels, height, width] = known.dims(0) ?? [];
    const block = attributes.get('blocksize')?.integer ?? 1;
    if (batch === undefined || channels === undefined || height === undefined || width === undefined) return undefined;
    const sizes = isToDepth
      ? [batch, channels * block * block, height / block, width / block]
      : [batch, channels / (block * block), height * block, width * block];
    return sizes.every((size) => Number.isInteger(size)) ? sizes : undefined;
  };
}

function inferConstant({ attributes }: OnnxNode): Dims {
  const list = attributes.get('value_floats')?.floats ?? attributes.get('value_ints')?.integers;
  const isSingle = attributes.has('value_float') || attributes.has('value_int');
  return attributes.get('value')?.tensor?.dims ?? (list ? [list.length] : isSingle ? [] : undefined);
}

function inferRange(_: OnnxNode, known: KnownInputs): Dims {
  const [start, limit, step] = [0, 1, 2].map((index) => known.list(index)?.[0]);
  if (start === undefined || limit === undefined || !step) return undefined;
  return [Math.max(Math.ceil((limit - start) / step), 0)];
}

const SAME_SHAPE = [
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh'],
  ...['Softmax', 'LogSoftmax', 'Hardmax', 'Softplus', 'Softsign', 'Swish', 'Erf', 'Gelu', 'Mish', 'ThresholdedRelu'],
  ...['Identity', 'Dropout', 'Cast', 'BatchNormalization', 'InstanceNormalization', 'LayerNormalization', 'LRN'],
  ...['GroupNormalization', 'LpNormalization', 'MeanVarianceNormalization', 'RMSNormalization', 'Neg', 'Abs', 'Exp'],
  ...['Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign', 'Not', 'QuantizeLinear', 'DequantizeLinear'],
  ...['CumSum', 'com.microsoft.QLinearSigmoid', 'com.microsoft.QLinearLeakyRelu', 'com.microsoft.QLinearSoftmax'],
  'com.microsoft.QuickGelu',
  ...['com.microsoft.Gelu', 'com.microsoft.FastGelu', 'com.microsoft.BiasGelu'],
];
const BROADCAST = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Max', 'Min', 'Sum', 'Mean', 'Where'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or'],
];
const REDUCTIONS = ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSumExp', 'SumSquare'];

const SHAPES: ReadonlyMap<string, Infer> = new Map<string, Infer>([
  ...SAME_SHAPE.map((name) => [name, keepFirst] as const),
  ...BROADCAST.map((name) => [name, broadcastAll] as const),
  ...REDUCTIONS.map((name) => [`Reduce${name}`, inferReduction] as const),
  ...['MaxPool', 'AveragePool', 'LpPool'].map((name) => [name, inferPool] as const),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((name) => [name, inferGlobalPool] as const),
  ['ArgMax', inferArgument],
  ['ArgMin', inferArgument],
  ['Concat', inferConcat],
  ['Constant', inferConstant],
  ['ConstantOfShape', (_, known) => known.list(0)],
  ['Conv', inferConv(1)],
  ['ConvInteger', inferConv(1)],
  ['ConvTranspose', (node, known) => slideTransposed(node, known.dims(0), known.dims(1))],
  ['DepthToSpace', inferBlocks(false)],
  ['Expand', inferExpand],
  ['Flatten', inferFlatten],
  ['Gather', inferGather],
  ['GatherND', inferGatherNd],
  ['Gemm', inferGemm(1)],
  ['MatMul', inferMatMul(1)],
  ['MatMulInteger', inferMatMul(1)],
  ['Pad', inferPad],
  ['QLinearConv', inferConv(3)],
  ['QLinearMatMul', inferMatMul(3)],
  ['Range', inferRange],
  ['Reshape', inferReshape],
  ['Resize', inferResize],
  ['Shape', (_, known) => known.dims(0) && [known.dims(0)?.length ?? 0]],
  ['Size', () => []],
  ['Slice', inferSlice],
  ['SpaceToDepth', inferBlocks(true)],
  ['Squeeze', inferSqueeze],
  ['Tile', inferTile],
  ['Transpose', inferTranspose],
  ['Unsqueeze', inferUnsqueeze],
  ['Upsample', inferResize],
  ['com.microsoft.DynamicQuantizeMatMul', inferMatMul(1)],
  ['com.microsoft.FusedConv', inferConv(1)],
  ['com.microsoft.FusedGemm', inferGemm(1)],
  ['com.microsoft.FusedMatMul', inferMatMul(1)],
  ['com.microsoft.MatMulIntegerToFloat', inferMatMul(1)],
  ['com.microsoft.QGemm', inferGemm(3)],
  ['com.microsoft.QLinearAdd', broadcastOf(0, 3)],
  ['com.microsoft.QLinearMul', broadcastOf(0, 3)],
  ['com.microsoft.QLinearAveragePool', inferPool],
  ['com.microsoft.QLinearConcat', inferQLinearConcat],
  ['com.microsoft.QLinearGlobalAveragePool', inferGlobalPool],
]);
