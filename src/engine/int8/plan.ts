import { ModelError } from '../../errors/errors.js';
import { NETWORK_INPUT, type ResolvedNetwork } from '../../networks/types.js';
import { fuse } from '../fuse.js';
import type { KernelModule } from '../kernels.js';
import { type PackedWeights, stagingBytes, storedChannels } from '../pack.js';
import { finishPlan, type Plan, type PlanOptions, pictureBytes, shapesOf, spansOf } from '../plan.js';
import { Reservations } from '../reservations.js';
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
  const shapeOf = shapesOf(network);
  const floats = floatValues(operations);
  const mapOf = (name: string): IntegerMap | undefined => {
    if (name === NETWORK_INPUT || floats.has(name)) return undefined;
    const found = maps.get(name);
    if (found) return found;
    throw unfit(network, `no range of values for ${name}, expected one for each of its channels`);
  };
  const reserved = new Reservations(constants.heapBase);
  const lowered = operations.map((operation, step) =>
    lowerIntegers(operation, {
      kernels,
      maps,
      mapOf,
      threads,
      scratch: (role, bytes) => reserved.scratch(step, role, bytes),
      addWeights: (packed) => reserved.addWeights(packed),
      addIntegers: (packed) => reserved.addIntegers(packed),
    }),
  );
  const bytesOf = (name: string): number => {
    const { height, width, channels } = shapeOf(name);
    // whole runs of pixels are converted at once
    if (name === NETWORK_INPUT) return pictureBytes(pictureRuns(shapeOf(name), tile) * tile * channels);
    const found = mapOf(name);
    return (found ? storedBytes(found, constants) : 4) * height * width * storedChannels(name, channels, tile);
  };
  const staging = (packed: PackedWeights | PackedIntegers) =>
    'input' in packed || packed.layout === 'rows' ? integerStagingBytes(packed, constants) : stagingBytes(packed);
  return finishPlan(network, lowered.flat(), {
    reserved,
    values: spansOf(operations, bytesOf),
    shift,
    stagingBytes: staging,
  });
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
