import { ModelError } from '../../errors/errors.js';
import { lifetimes } from '../../networks/lifetimes.js';
import { NETWORK_INPUT, type ResolvedNetwork, type Shape } from '../../networks/types.js';
import { align, place, type Span } from '../arena.js';
import { fuse, type Operation } from '../fuse.js';
import type { KernelModule } from '../kernels.js';
import { type PackedWeights, stagingBytes, storedChannels } from '../pack.js';
import { checkPlan, type Plan, type PlanOptions, readsOf, type Step, scratchBytes } from '../plan.js';
import { floatValues, type IntegerMap, type IntegerMaps, type Levels } from './levels.js';
import { lowerIntegers, pictureRuns } from './lower.js';
import { integerStagingBytes, type PackedIntegers, storedBytes } from './pack.js';

/**
 * Like `plan`, for integers: the same data, with integer parameters beside the float ones.
 * Throws ModelError `calibration` where a map has no levels.
 */
export function planIntegers(
  network: ResolvedNetwork,
  kernels: KernelModule,
  maps: IntegerMaps,
  { threads = 1, shift = 0 }: Pick<PlanOptions, 'threads' | 'shift'> = {},
): Plan {
  const { constants } = kernels;
  const tile = constants.channelTile;
  const operations = fuse(network.layers);
  const shapes = new Map<string, Shape>([[NETWORK_INPUT, network.inputShape]]);
  for (const layer of network.layers) shapes.set(layer.name, layer.outputShape);
  const floats = floatValues(operations);
  const mapOf = (name: string): IntegerMap | undefined => {
    if (name === NETWORK_INPUT || floats.has(name)) return undefined;
    const found = maps.get(name);
    if (found) return found;
    throw unfit(network, `no range of values for ${name}, expected one for each of its channels`);
  };

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
      maps,
      mapOf,
      shapeOf: (value) => shapes.get(value)!,
      scratch: name,
      threads,
      integerScratchBytes: kernels.integerScratchBytes,
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
    }).map((step) => ({ scratchBytes: own, ...step }));
  });

  const bytesOf = (name: string): number => {
    const { height, width, channels } = shapes.get(name)!;
    // whole runs of pixels are converted at once
    if (name === NETWORK_INPUT) return 4 * pictureRuns(shapes.get(name)!, tile) * tile * channels;
    const found = mapOf(name);
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

/**
 * That levels have a number for each channel of their maps.
 * @throws ModelError `calibration`
 */
export function checkLevels(network: ResolvedNetwork, { values, steps }: Levels): void {
  for (const { name, outputShape } of network.layers) {
    const { channels } = outputShape;
    const scales = values.get(name)?.scale.length ?? channels;
    if (scales !== channels)
      throw unfit(network, `${scales} scales for ${name}, expected one for each of its ${channels} channels`);
    const weights = steps.get(name)?.length ?? channels;
    if (weights !== channels) {
      throw unfit(network, `${weights} weight steps for ${name}, expected one for each of its ${channels} channels`);
    }
  }
}

function unfit({ id }: ResolvedNetwork, problem: string): ModelError {
  return new ModelError('calibration', { where: id, problem });
}
