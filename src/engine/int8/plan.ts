import { ModelError } from '../../errors/errors.js';
import { NETWORK_INPUT, type ResolvedNetwork } from '../../networks/types.js';
import type { Span } from '../arena.js';
import { fuse } from '../fuse.js';
import type { KernelModule } from '../kernels.js';
import { type PackedWeights, stagingBytes, storedChannels } from '../pack.js';
import { finishPlan, keptMap, type Plan, type PlanOptions, pictureBytes, shapesOf, spansOf } from '../plan.js';
import { Reservations } from '../reservations.js';
import { dequantise } from './conversions.js';
import type { IntegerContext } from './integer-place.js';
import { integerStagingBytes, type PackedIntegers, storedBytes } from './layouts.js';
import { floatValues, type IntegerMap, type IntegerMaps, type Levels } from './levels.js';
import { lowerIntegers } from './lower.js';
import { pictureRuns } from './lower-windows.js';

/**
 * Like `plan`, for integers: the same data, with integer parameters beside the float ones.
 * Throws ModelError `calibration` where a map has no levels.
 */
export function planIntegers(
  network: ResolvedNetwork,
  kernels: KernelModule,
  maps: IntegerMaps,
  { threads = 1, shift = 0, keep = [] }: Pick<PlanOptions, 'threads' | 'shift' | 'keep'> = {},
): Plan {
  const { constants } = kernels;
  const tile = constants.channelTile;
  const operations = fuse(network.layers, keep);
  const shapeOf = shapesOf(network);
  const floats = floatValues(operations);
  const mapOf = (name: string): IntegerMap | undefined => {
    if (name === NETWORK_INPUT || floats.has(name)) return undefined;
    const found = maps.get(name);
    // Where keeping a map leaves it unfused, it has no range, and is made in floats.
    if (found || keep.includes(name)) return found;
    throw unfit(network, `no range of values for ${name}, expected one for each of its channels`);
  };
  const reserved = new Reservations(constants.heapBase);
  const contextOf = (step: number): IntegerContext => ({
    kernels,
    maps,
    mapOf,
    threads,
    scratch: (role, bytes) => reserved.scratch(step, role, bytes),
    addWeights: (packed) => reserved.addWeights(packed),
    addIntegers: (packed) => reserved.addIntegers(packed),
  });
  const lowered = operations.map((operation, step) => lowerIntegers(operation, contextOf(step)));
  const isInteger = (name: string) => mapOf(name) !== undefined;
  const end = operations.length - 1;
  // Integers to keep are converted at the end of the run.
  const converted = keep.filter(isInteger).map((name) => ({ name, floats: `floats of ${name} to keep` }));
  for (const { name, floats } of converted) {
    lowered.push([{ layer: name, ...dequantise(name, shapeOf(name), floats, contextOf(end)) }]);
  }
  const bytesOf = (name: string): number => {
    const { height, width, channels } = shapeOf(name);
    // whole runs of pixels are converted at once
    if (name === NETWORK_INPUT) return pictureBytes(pictureRuns(shapeOf(name), tile) * tile * channels);
    const found = mapOf(name);
    return (found ? storedBytes(found, constants) : 4) * height * width * storedChannels(name, channels, tile);
  };
  const staging = (packed: PackedWeights | PackedIntegers) =>
    'input' in packed || packed.layout === 'rows' ? integerStagingBytes(packed, constants) : stagingBytes(packed);
  const spanOf = ({ name, floats }: (typeof converted)[number]): Span => {
    const { height, width, channels } = shapeOf(name);
    return { name: floats, bytes: 4 * height * width * storedChannels(name, channels, tile), from: end, to: end };
  };
  return finishPlan(network, lowered.flat(), {
    reserved,
    values: [...spansOf(operations, { bytesOf, keep }), ...converted.map(spanOf)],
    kept: keep.map((name) => {
      const floats = converted.find((each) => each.name === name)?.floats;
      return keptMap(network, name, tile, floats);
    }),
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
