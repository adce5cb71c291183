import { elementAt } from '../errors/element-at.js';
import type { Activated, ResolvedLayer } from '../networks/types.js';
import { type AppliedCurve, type Clamp, clampOf, curveOf, UNBOUNDED } from './activations.js';

/** One pass over memory: a layer, with what follows it folded in. Values carry the name of the last layer folded in. */
export interface Operation {
  readonly layer: ResolvedLayer;
  /** The value that this operation makes. */
  readonly output: string;
  readonly inputs: ResolvedLayer['inputs'];
  /** A value added before the clamp. */
  readonly residual: string | undefined;
  readonly clamp: Clamp;
  /** What no clamp can express, applied to the output in place. */
  readonly curve: AppliedCurve | undefined;
  /** Clips what the curve made. */
  readonly clip: Clamp | undefined;
}

/** Layers whose kernels clip what they make. */
const CLAMPING: ReadonlySet<ResolvedLayer['kind']> = new Set([
  ...(['conv', 'depthwise', 'pointwise', 'dense', 'add', 'activation'] as const),
  ...(['maxPool', 'averagePool', 'globalMaxPool'] as const),
]);

function intersect(a: Clamp, b: Clamp | undefined): Clamp {
  return b ? [Math.max(a[0], b[0]), Math.min(a[1], b[1])] : a;
}

/**
 * Layers → operations. Folded in where the value between has no other reader: an activation after a linear layer
 * or a sum becomes its clamp or curve, a sum after a 1×1 convolution becomes its residual.
 * @param keep names of layers whose outputs count as read once more
 */
export function fuse(layers: readonly ResolvedLayer[], keep: readonly string[] = []): Operation[] {
  const readers = countReaders(layers, keep);
  const operations: Operation[] = [];
  const maker = new Map<string, number>();
  const replace = (index: number, change: Partial<Operation> & { output: string }): void => {
    operations[index] = { ...elementAt(operations, index), ...change };
    maker.set(change.output, index);
  };
  for (const layer of layers) {
    const [first] = layer.inputs as [string];
    const previous = maker.get(first);
    if (layer.kind === 'activation' && previous !== undefined && readers.get(first) === 1) {
      const operation = elementAt(operations, previous);
      if (takesActivation(operation, layer)) {
        replace(previous, { output: layer.name, ...withActivation(operation, layer) });
        continue;
      }
    }
    if (layer.kind === 'add') {
      const fused = residualOf(layer, operations, maker, readers);
      if (fused) {
        replace(fused.index, { output: layer.name, residual: fused.residual, clamp: layer.range ?? UNBOUNDED });
        continue;
      }
    }
    maker.set(layer.name, operations.length);
    operations.push(operationOf(layer));
  }
  return operations;
}

function operationOf(layer: ResolvedLayer): Operation {
  const activated: Activated = 'activation' in layer ? layer : { activation: 'linear' };
  const curve = curveOf(activated);
  // Where the kernel clips nothing, or before the curve, the range comes after it.
  const bare = curve !== undefined || !CLAMPING.has(layer.kind);
  return {
    layer,
    output: layer.name,
    inputs: layer.inputs,
    residual: undefined,
    clamp: bare ? UNBOUNDED : intersect(clampOf(activated.activation), layer.range),
    curve,
    clip: bare ? layer.range : undefined,
  };
}

function takesActivation(operation: Operation, activated: Activated): boolean {
  if (operation.curve) return false;
  const { kind } = operation.layer;
  const clamps = kind === 'conv' || kind === 'depthwise' || kind === 'pointwise' || kind === 'dense' || kind === 'add';
  return clamps && (curveOf(activated) === undefined || operation.clamp === UNBOUNDED);
}

function withActivation(
  { clamp }: Operation,
  layer: ResolvedLayer & Activated,
): Pick<Operation, 'clamp' | 'curve' | 'clip'> {
  const curve = curveOf(layer);
  if (curve) return { clamp, curve, clip: layer.range };
  return { clamp: intersect(intersect(clamp, clampOf(layer.activation)), layer.range), curve, clip: undefined };
}
/** The 1×1 convolution that can add the other input itself: its only reader is this sum, and the other value is older. */
function residualOf(
  add: ResolvedLayer,
  operations: readonly Operation[],
  maker: ReadonlyMap<string, number>,
  readers: ReadonlyMap<string, number>,
): { index: number; residual: string } | undefined {
  const [a, b] = add.inputs as [string, string];
  for (const [own, other] of [
    [b, a],
    [a, b],
  ] as const) {
    const index = maker.get(own);
    const otherIndex = maker.get(other) ?? -1;
    if (index === undefined || otherIndex > index || own === other || readers.get(own) !== 1) continue;
    const operation = elementAt(operations, index);
    const isPlain = operation.clamp === UNBOUNDED && !operation.curve && !operation.residual;
    if (operation.layer.kind === 'pointwise' && operation.layer.stride === 1 && isPlain) {
      return { index, residual: other };
    }
  }
  return undefined;
}

function countReaders(layers: readonly ResolvedLayer[], keep: readonly string[]): Map<string, number> {
  const readers = new Map<string, number>();
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const { inputs } of layers) inputs.forEach(read);
  layers.slice(-1).forEach(({ name }) => {
    read(name);
  });
  keep.forEach(read);
  return readers;
}
