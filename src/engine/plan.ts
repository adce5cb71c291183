import { ModelError } from '../errors/errors.js';
import { lifetimes } from '../networks/lifetimes.js';
import { NETWORK_INPUT, type ResolvedLayer, type ResolvedNetwork, type Shape } from '../networks/types.js';
import { align, type Placed, place, type Span } from './arena.js';
import { fuse, type Operation } from './fuse.js';
import type { PackedIntegers } from './int8/pack.js';
import type { KernelModule, KernelName } from './kernels.js';
import { lower } from './lower.js';
import { type PackedWeights, panelBytes, stagingBytes, storedChannels } from './pack.js';

/** One kernel call. */
export interface Step {
  /** The layer whose work this is (the last one folded in). */
  readonly layer: string;
  readonly kernel: KernelName;
  readonly args: readonly number[];
  /** Bytes of scratch memory of one thread; that of the next thread follows. 0 where the kernel takes none. */
  readonly scratchBytes: number;
  /** Bytes from one pixel to the next of the integer kernels' maps, in the order of their addresses in `args`. */
  readonly strides?: readonly number[];
}

/** A run of floats in memory: byte address and count. */
export interface Floats {
  readonly address: number;
  readonly length: number;
}

/** Everything a session needs, as data. Addresses are bytes from the start of the memory. */
export interface Plan {
  readonly memoryBytes: number;
  /** Activations lie from here to the end; before the first run, weights on their way to their packed form. */
  readonly arenaAddress: number;
  /** The picture: height × width × channels. */
  readonly input: Floats;
  /** One value for each class. */
  readonly output: Floats;
  readonly weights: readonly PackedWeights[];
  /** Parameters of what runs in integers. */
  readonly integers: readonly PackedIntegers[];
  readonly steps: readonly Step[];
}

/** 2 GiB: the kernels' addresses are 32-bit integers. */
const MOST_MEMORY_BYTES = 2 ** 31 - 65536;

export interface PlanOptions {
  /** Threads that need scratch memory; 1 where nothing is said. */
  readonly threads?: number;
  /** Bytes, whole cache lines, by which the arena lies behind its usual place: for several on the same weights. */
  readonly shift?: number;
  /** The weights of linear layers stay in half precision, before the arena, where `shift` leaves room; for one thread. */
  readonly keepsHalf?: boolean;
}

/**
 * Places weights and activations and lowers each operation to kernel calls. Throws ModelError where it cannot fit.
 */
export function plan(
  network: ResolvedNetwork,
  kernels: KernelModule,
  { threads = 1, shift = 0, keepsHalf = false }: PlanOptions = {},
): Plan {
  const tile = kernels.constants.channelTile;
  const operations = fuse(network.layers);
  const shapes = new Map<string, Shape>([[NETWORK_INPUT, network.inputShape]]);
  for (const layer of network.layers) shapes.set(layer.name, layer.outputShape);
  const shapeOf = (value: string): Shape => shapes.get(value)!;

  const homes = shareHomes(operations);
  const spans = spansOf(
    operations,
    homes,
    (value) => storedBytes(value, shapeOf(value), tile),
    (layer) => threads * scratchBytes(layer, kernels, keepsHalf),
  );
  const arena = place(spans);
  const lowered = lowerAll(operations, { arena, homes, shapeOf, kernels, shift, keepsHalf });

  const last = operations.at(-1)!.output;
  const input = network.inputShape;
  return checkPlan(network, last, shapeOf(last), {
    memoryBytes: lowered.memoryBytes,
    arenaAddress: lowered.arenaAddress,
    input: { address: lowered.addressOf(NETWORK_INPUT), length: input.height * input.width * input.channels },
    output: { address: lowered.addressOf(last), length: shapeOf(last).channels },
    weights: lowered.weights,
    integers: [],
    steps: lowered.steps,
  });
}

/** The plan itself. Throws ModelError where it does not fit, or the last value is more than one number for each class. */
export function checkPlan(network: ResolvedNetwork, last: string, { height, width }: Shape, plan: Plan): Plan {
  if (height * width !== 1) {
    throw new ModelError('network-unsupported', {
      where: network.id,
      problem: `its last layer ${last} is a ${height}×${width} map`,
      expected: 'one value for each class',
    });
  }
  if (plan.memoryBytes > MOST_MEMORY_BYTES) {
    throw new ModelError('network-too-large', {
      where: network.id,
      problem: `needs ${Math.ceil(plan.memoryBytes / 2 ** 20)} MiB`,
      expected: `at most ${MOST_MEMORY_BYTES / 2 ** 20} MiB`,
    });
  }
  return plan;
}

function storedBytes(value: string, shape: Shape, tile: number): number {
  return 4 * shape.height * shape.width * storedChannels(value, shape.channels, tile);
}

/**
 * Value → the span it lives in. A standalone activation, sum or scaling writes over its first input
 * where nobody reads that input afterwards.
 */
function shareHomes(operations: readonly Operation[]): Map<string, string> {
  const lastRead = new Map<string, number>();
  operations.forEach((operation, step) => {
    for (const value of readsOf(operation)) lastRead.set(value, step);
  });
  const homes = new Map<string, string>([[NETWORK_INPUT, NETWORK_INPUT]]);
  operations.forEach(({ layer, output, inputs }, step) => {
    const elementwise = layer.kind === 'activation' || layer.kind === 'add' || layer.kind === 'scale';
    const first = inputs[0]!;
    const over = elementwise && first !== NETWORK_INPUT && lastRead.get(first) === step;
    homes.set(output, over ? homes.get(first)! : output);
  });
  return homes;
}

/** The values that an operation reads. */
export function readsOf({ inputs, residual }: Operation): readonly string[] {
  return residual === undefined ? inputs : [...inputs, residual];
}

/** Scratch memory of the operation at `step`, if it needs any. */
export function scratchName(step: number): string {
  return `scratch ${step}`;
}

/** The lifetimes of all values, those that share a home merged, and of the scratch memory of single operations. */
function spansOf(
  operations: readonly Operation[],
  homes: ReadonlyMap<string, string>,
  bytesOf: (value: string) => number,
  scratchBytesOf: (layer: ResolvedLayer) => number,
): Span[] {
  const steps = operations.map((operation) => ({
    name: operation.output,
    inputs: readsOf(operation),
    inputShapes: operation.layer.inputShapes,
    outputShape: operation.layer.outputShape,
  }));
  const spans = new Map<string, Span>();
  for (const { name, from, to } of lifetimes(steps)) {
    const home = homes.get(name)!;
    const span = spans.get(home) ?? { name: home, bytes: bytesOf(home), from, to };
    spans.set(home, { ...span, to: Math.max(span.to, to) });
  }
  operations.forEach(({ layer }, step) => {
    const bytes = scratchBytesOf(layer);
    if (bytes > 0) spans.set(scratchName(step), { name: scratchName(step), bytes, from: step, to: step });
  });
  return [...spans.values()];
}

/** Bytes that one thread needs, in whole cache lines. */
export function scratchBytes(layer: ResolvedLayer, kernels: KernelModule, keepsHalf = false): number {
  const windowed = layer.kind === 'conv' || (layer.kind === 'pointwise' && layer.stride > 1);
  const widened = keepsHalf && (layer.kind === 'pointwise' || layer.kind === 'dense');
  if (!windowed && !widened) return 0;
  const { channelTile } = kernels.constants;
  const channels = storedChannels(layer.inputs[0]!, layer.inputShapes[0]!.channels, channelTile);
  if (!windowed) return align(panelBytes(channelTile, channelTile, channels));
  return align(kernels.convScratchBytes(layer.kind === 'conv' ? layer.kernelSize : 1, channels));
}

interface Surroundings {
  readonly arena: Placed;
  readonly homes: ReadonlyMap<string, string>;
  readonly shapeOf: (value: string) => Shape;
  readonly kernels: KernelModule;
  readonly shift: number;
  readonly keepsHalf: boolean;
}

/** Weights lie from the heap's base up, the arena behind them. */
function lowerAll(
  operations: readonly Operation[],
  { arena, homes, shapeOf, kernels, shift, keepsHalf }: Surroundings,
) {
  const weights: PackedWeights[] = [];
  let weightsEnd = align(kernels.constants.heapBase);
  const relative = operations.map((operation, step) => {
    const scratch = scratchBytes(operation.layer, kernels, keepsHalf);
    const lowered = lower(operation, {
      tile: kernels.constants.channelTile,
      ...(keepsHalf && { halfHeaderBytes: kernels.constants.halfHeaderBytes }),
      shapeOf,
      scratch: scratchName(step),
      addWeights(packed) {
        const address = weightsEnd;
        weights.push({ ...packed, address });
        weightsEnd += align(packed.bytes);
        return address;
      },
    });
    return lowered.map((each) => ({ ...each, scratchBytes: scratch }));
  });
  const arenaAddress = weightsEnd + shift;
  const addressOf = (value: string): number => arenaAddress + arena.offsets.get(homes.get(value) ?? value)!;
  const steps = relative.flat().map(({ args, ...step }) => ({
    ...step,
    args: args.map((arg) => (typeof arg === 'number' ? arg : addressOf(arg.value))),
  }));
  const arenaBytes = Math.max(arena.bytes, ...weights.map(stagingBytes));
  return { weights, steps, addressOf, arenaAddress, memoryBytes: arenaAddress + arenaBytes };
}
