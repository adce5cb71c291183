import { ModelError } from '../errors/errors.js';
import { lifetimes } from '../networks/lifetimes.js';
import { NETWORK_INPUT, type ResolvedLayer, type ResolvedNetwork, type Shape } from '../networks/types.js';
import { place, type Span } from './arena.js';
import { type Band, type Banding, findBands } from './bands.js';
import type { Operation } from './fuse.js';
import type { PackedIntegers } from './int8/layouts.js';
import type { Argument, LoweredStep, Strides } from './kernel-calls.js';
import type { NamedCall } from './kernel-signatures.js';
import type { KernelModule } from './kernels.js';
import { lower } from './lower.js';
import { type PackedWeights, stagingBytes, storedChannels } from './pack.js';
import { beginPlan } from './planning.js';
import type { Reservations } from './reservations.js';

/** One kernel call. */
export type Step = NamedCall & {
  /** The layer whose work this is (the last one folded in). */
  readonly layer: string;
  /** Bytes of scratch memory of one thread; that of the next thread follows. 0 where the kernel takes none. */
  readonly scratchBytes: number;
  /** Of the integer kernels' maps; none where they have one pixel. */
  readonly strides?: Strides;
};

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
  /** Steps that run in turn, for some rows at a time; none by default. */
  readonly bands?: readonly Band[];
  /** Maps that are there at the end of a run, as asked for. */
  readonly kept: readonly KeptMap[];
}

/** A map in floats that nothing writes over until the next run; `readMap` takes it out of the memory. */
export interface KeptMap {
  /** The layer that makes it. */
  readonly name: string;
  readonly address: number;
  readonly shape: Shape;
  /** Floats from one pixel to the next. */
  readonly storedChannels: number;
}

/** 2 GiB: the kernels' addresses are 32-bit integers. */
const MOST_MEMORY_BYTES = 2 ** 31 - 65536;

export interface PlanOptions {
  /** Threads that need scratch memory; 1 where nothing is said. */
  readonly threads?: number;
  /** Bytes, whole cache lines, by which the arena lies behind its usual place: for several on the same weights. */
  readonly shift?: number;
  /** The weights of linear layers are read in half precision when their layer begins; for one thread. */
  readonly keepsHalf?: boolean;
  /** Layers whose outputs stay in memory, in floats, to the end of a run; none by default. */
  readonly keep?: readonly string[];
}

/**
 * Places weights and activations and lowers each operation to kernel calls. Throws ModelError where it cannot fit.
 */
export function plan(
  network: ResolvedNetwork,
  kernels: KernelModule,
  { threads = 1, shift = 0, keepsHalf = false, keep = [] }: PlanOptions = {},
): Plan {
  const tile = kernels.constants.channelTile;
  const { operations, reserved, contextOf } = beginPlan(network, kernels, { threads, keepsHalf, keep });
  const lowered = operations.map((operation, step) => lower(operation, contextOf(step)));
  const homes = shareHomes(operations, keep);
  const shapeOf = shapesOf(network);
  // Less work at a time than threads could share.
  const banding = keepsHalf ? findBands(operations, lowered, keep, kernels.constants.pixelTile) : undefined;
  const bytesOf = (value: string) => banding?.bytes.get(value) ?? storedBytes(value, shapeOf(value), tile);
  const values = spansOf(operations, { bytesOf, homes, keep });
  const kept = keep.map((name) => keptMap(network, name, tile));
  return finishPlan(network, lowered.flat(), { reserved, values, kept, shift, homes, stagingBytes, banding });
}

/** Shapes of all values by name. */
export function shapesOf(network: ResolvedNetwork): (value: string) => Shape {
  const shapes = new Map<string, Shape>([[NETWORK_INPUT, network.inputShape]]);
  for (const layer of network.layers) shapes.set(layer.name, layer.outputShape);
  return (value) => shapes.get(value)!;
}

interface Placing {
  readonly reserved: Reservations;
  readonly values: readonly Span[];
  readonly kept: readonly PlacedMap[];
  readonly shift: number;
  /** Value → the span that it lives in, where that has another name. */
  readonly homes?: ReadonlyMap<string, string>;
  readonly banding?: Banding | undefined;
  /** Bytes that what is packed needs on its way there. */
  stagingBytes(packed: PackedWeights | PackedIntegers): number;
}

/** A kept map before the arena is placed: the value whose address it has. */
type PlacedMap = Omit<KeptMap, 'address'> & { readonly value: string };

/**
 * A map to keep, under the name of the value that holds its floats: its own by default.
 * @throws ModelError where the network has no such layer
 */
export function keptMap({ id, layers }: ResolvedNetwork, name: string, tile: number, value = name): PlacedMap {
  const layer = layers.find((each) => each.name === name);
  if (!layer) throw new ModelError('unknown-layer', { where: id, problem: `has no layer ${name}` });
  const { outputShape: shape } = layer;
  return { name, value, shape, storedChannels: storedChannels(name, shape.channels, tile) };
}

/**
 * Places values and scratch memory in the arena, behind the parameters.
 * @throws ModelError where it does not fit, or the last value is more than one number for each class
 */
export function finishPlan(
  network: ResolvedNetwork,
  lowered: readonly LoweredStep[],
  { reserved, values, kept, shift, homes, banding, stagingBytes: staging }: Placing,
): Plan {
  const { weights, integers, scratches } = reserved;
  const spans = [...values, ...scratches];
  const arena = place(banding?.stretch(spans) ?? spans);
  const arenaAddress = reserved.end + shift;
  const addressOf = (value: string): number => arenaAddress + arena.offsets.get(homes?.get(value) ?? value)!;
  const { name: last, outputShape } = network.layers.at(-1)!;
  const { height, width, channels } = network.inputShape;
  return checkPlan(network, {
    memoryBytes: arenaAddress + Math.max(arena.bytes, ...[...weights, ...integers].map(staging)),
    arenaAddress,
    input: { address: addressOf(NETWORK_INPUT), length: height * width * channels },
    output: { address: addressOf(last), length: outputShape.channels },
    weights,
    integers,
    steps: lowered.map((step) => placeStep(step, addressOf)),
    ...(banding && { bands: banding.bands }),
    kept: kept.map(({ value, ...map }) => ({ ...map, address: addressOf(value) })),
  });
}

export function placeStep(step: LoweredStep, addressOf: (value: string) => number): Step {
  const args: Readonly<Record<string, Argument>> = step.args;
  const placed: Record<string, number> = {};
  for (const name of Object.keys(args)) {
    const argument = args[name]!;
    placed[name] = typeof argument === 'number' ? argument : addressOf(argument.value);
  }
  return { scratchBytes: 0, ...step, args: placed } as Step;
}

function checkPlan(network: ResolvedNetwork, plan: Plan): Plan {
  const { name, outputShape } = network.layers.at(-1)!;
  const { height, width } = outputShape;
  if (height * width !== 1) {
    throw new ModelError('network-unsupported', {
      where: network.id,
      problem: `its last layer ${name} is a ${height}×${width} map`,
      expected: 'one value for each class',
    });
  }
  if (plan.memoryBytes > MOST_MEMORY_BYTES) {
    throw new ModelError('network-too-large', {
      where: network.id,
      problem: `needs ${Math.ceil(plan.memoryBytes / 2 ** 20)} MiB at ${network.resolution}×${network.resolution}`,
      expected: `at most ${Math.floor(MOST_MEMORY_BYTES / 2 ** 20)} MiB`,
      remedy: 'choose a lower resolution, or fewer images at a time',
    });
  }
  return plan;
}

/** Bytes of a picture's place. Bytes of pixels become values three at a time (`lanes`), the last perhaps for nothing. */
export function pictureBytes(values: number): number {
  return 4 * 3 * Math.ceil(values / 3);
}

function storedBytes(value: string, shape: Shape, tile: number): number {
  if (value === NETWORK_INPUT) return pictureBytes(shape.height * shape.width * shape.channels);
  return 4 * shape.height * shape.width * storedChannels(value, shape.channels, tile);
}

/** Layers whose kernels may write over their first input. */
const IN_PLACE: ReadonlySet<ResolvedLayer['kind']> = new Set([
  ...(['activation', 'prelu', 'add', 'multiply', 'subtract', 'maximum', 'minimum', 'scale'] as const),
]);

/**
 * Value → the span it lives in. A layer that works element by element writes over its first input
 * where nobody reads that input afterwards.
 */
function shareHomes(operations: readonly Operation[], keep: readonly string[]): Map<string, string> {
  const lastRead = new Map<string, number>();
  operations.forEach((operation, step) => {
    for (const value of readsOf(operation)) lastRead.set(value, step);
  });
  for (const value of keep) lastRead.set(value, operations.length);
  const homes = new Map<string, string>([[NETWORK_INPUT, NETWORK_INPUT]]);
  operations.forEach(({ layer, output, inputs }, step) => {
    const first = inputs[0];
    const over = IN_PLACE.has(layer.kind) && first !== NETWORK_INPUT && lastRead.get(first) === step;
    homes.set(output, over ? homes.get(first)! : output);
  });
  return homes;
}

/** The values that an operation reads. */
function readsOf({ inputs, residual }: Operation): readonly string[] {
  return residual === undefined ? inputs : [...inputs, residual];
}

interface SpanOptions {
  bytesOf(value: string): number;
  readonly homes?: ReadonlyMap<string, string>;
  /** Values that live to the end. */
  readonly keep?: readonly string[];
}

/** The lifetimes of all values; those that share a home are merged. */
export function spansOf(operations: readonly Operation[], { bytesOf, homes, keep = [] }: SpanOptions): Span[] {
  const steps = operations.map((operation) => ({
    name: operation.output,
    inputs: readsOf(operation),
    inputShapes: operation.layer.inputShapes,
    outputShape: operation.layer.outputShape,
  }));
  const spans = new Map<string, Span>();
  for (const { name, from, to } of lifetimes(steps)) {
    const home = homes?.get(name) ?? name;
    const span = spans.get(home) ?? { name: home, bytes: bytesOf(name), from, to };
    spans.set(home, { ...span, to: keep.includes(name) ? operations.length - 1 : Math.max(span.to, to) });
  }
  return [...spans.values()];
}
