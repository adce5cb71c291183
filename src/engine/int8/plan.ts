import { ModelError } from '../../errors.js';
import { lifetimes } from '../../networks/lifetimes.js';
import { NETWORK_INPUT, type ResolvedNetwork, type Shape } from '../../networks/types.js';
import { align, place, type Span } from '../arena.js';
import { fuse, type Operation } from '../fuse.js';
import type { KernelModule } from '../kernels.js';
import { type PackedWeights, stagingBytes, storedChannels } from '../pack.js';
import { checkPlan, type Plan, readsOf, type Step, scratchBytes } from '../plan.js';
import { floatValues, type Levels, type ValueLevels } from './levels.js';
import { lowerIntegers } from './lower.js';
import { integerStagingBytes, type PackedIntegers, storedBytes } from './pack.js';

/** Like `plan`, for integers: the same data, with integer parameters beside the float ones. */
export function planIntegers(
  network: ResolvedNetwork,
  kernels: KernelModule,
  levels: Levels,
  threads = 1,
  shift = 0,
): Plan {
  const { constants } = kernels;
  const tile = constants.channelTile;
  const operations = fuse(network.layers);
  const shapes = new Map<string, Shape>([[NETWORK_INPUT, network.inputShape]]);
  for (const layer of network.layers) shapes.set(layer.name, layer.outputShape);
  const floats = floatValues(operations);
  const levelsOf = (name: string): ValueLevels | undefined => {
    if (name === NETWORK_INPUT || floats.has(name)) return undefined;
    const found = levels.values.get(name);
    const channels = shapes.get(name)!.channels;
    if (found?.scale.length === channels) return found;
    throw new ModelError(
      'calibration',
      `${network.id}: no range of values for ${name}, expected one for each of its ${channels} channels`,
    );
  };

  for (const { output } of operations) {
    const steps = levels.steps.get(output)?.length;
    const { channels } = shapes.get(output)!;
    if (steps === undefined || steps === channels) continue;
    throw new ModelError(
      'calibration',
      `${network.id}: ${steps} weight steps for ${output}, expected one for each of its ${channels} channels`,
    );
  }

  const weights: PackedWeights[] = [];
  const integers: PackedIntegers[] = [];
  const scratches: Span[] = [];
  let end = align(constants.heapBase);
  const reserve = (bytes: number): number => {
    const address = end;
    end += align(bytes);
    return address;
  };
  const lowered = operations.map((operation, index) => {
    const name = (role: string, bytes: number): string => {
      const scratch = `scratch ${index} ${role}`;
      if (!scratches.some((known) => known.name === scratch)) {
        scratches.push({ name: scratch, bytes, from: index, to: index });
      }
      return scratch;
    };
    const own = scratchBytes(operation.layer, kernels);
    return lowerIntegers(operation, {
      tile,
      constants,
      levels,
      levelsOf,
      shapeOf: (value) => shapes.get(value)!,
      scratch: name,
      convScratch: () => (own > 0 ? name('patches', threads * own) : ''),
      addWeights(packed) {
        const address = reserve(packed.bytes);
        weights.push({ ...packed, address });
        return address;
      },
      addIntegers(packed) {
        const address = reserve(packed.bytes);
        integers.push(
          packed.layout === 'blocks'
            ? { ...packed, address, padding: address + packed.padding }
            : { ...packed, address },
        );
        return address;
      },
    }).map((step) => ({ ...step, scratchBytes: own }));
  });

  const bytesOf = (name: string): number => {
    const { height, width, channels } = shapes.get(name)!;
    const found = levelsOf(name);
    return (found ? storedBytes(found, constants) : 4) * height * width * storedChannels(name, channels, tile);
  };
  const arena = place([...spansOf(operations, bytesOf), ...scratches]);
  const arenaAddress = end + shift;
  const addressOf = (name: string): number => arenaAddress + arena.offsets.get(name)!;
  const steps: Step[] = lowered.flat().map(({ args, ...step }) => ({
    ...step,
    args: args.map((arg) => (typeof arg === 'number' ? arg : addressOf(arg.value))),
  }));
  const last = operations.at(-1)!.output;
  const input = network.inputShape;
  return checkPlan(network, last, shapes.get(last)!, {
    memoryBytes:
      arenaAddress +
      Math.max(
        arena.bytes,
        ...weights.map(stagingBytes),
        ...integers.map((packed) => integerStagingBytes(packed, constants)),
      ),
    arenaAddress,
    input: { address: addressOf(NETWORK_INPUT), length: input.height * input.width * input.channels },
    output: { address: addressOf(last), length: shapes.get(last)!.channels },
    weights,
    integers,
    steps,
  });
}

function spansOf(operations: readonly Operation[], bytesOf: (value: string) => number): Span[] {
  const steps = operations.map((operation) => ({
    name: operation.output,
    inputs: readsOf(operation),
    inputShapes: operation.layer.inputShapes,
    outputShape: operation.layer.outputShape,
  }));
  return lifetimes(steps).map(({ name, from, to }) => ({ name, bytes: bytesOf(name), from, to }));
}
