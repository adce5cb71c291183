import { ModelError } from '../../errors/errors.js';
import { NETWORK_INPUT, type ResolvedNetwork } from '../../networks/types.js';
import type { Operation } from '../fuse.js';
import type { KernelModule } from '../kernels.js';
import { stagingBytes, storedChannels } from '../pack.js';
import { finishPlan, keptMap, type Plan, type PlanOptions, pictureBytes, shapesOf, spansOf } from '../plan.js';
import { beginPlan } from '../planning.js';
import { dequantise } from './conversions.js';
import { withCopies } from './copies.js';
import type { IntegerContext } from './integer-place.js';
import { integerStagingBytes, storedBytes } from './layouts.js';
import { floatValues, type IntegerMap, type IntegerMaps, type Levels } from './levels.js';
import { lowerIntegers } from './lower.js';
import { pictureRuns } from './lower-windows.js';

/**
 * Like `plan`, for integers: the same data, with integer parameters beside the float ones.
 * Throws ModelError `calibration` where a map has no levels.
 */
export function planIntegers(
  given: ResolvedNetwork,
  kernels: KernelModule,
  maps: IntegerMaps,
  { threads = 1, shift = 0, keep = [] }: Pick<PlanOptions, 'threads' | 'shift' | 'keep'> = {},
): Plan {
  const network = withCopies(given, maps);
  const { constants } = kernels;
  const tile = constants.channelTile;
  const planning = beginPlan(network, kernels, { threads, keepsHalf: false, keep });
  const { operations, reserved } = planning;
  const shapeOf = shapesOf(network);
  const mapOf = storedMaps(network, operations, maps, keep);
  const contextOf = (step: number): IntegerContext => ({ ...planning.contextOf(step), maps, mapOf });
  const lowered = operations.map((operation, step) => lowerIntegers(operation, contextOf(step)));
  const end = operations.length - 1;
  // Integers to keep are converted at the end of the run.
  const converted = keep
    .filter((name) => mapOf(name) !== undefined)
    .map((name) => ({ name, floats: `floats of ${name} to keep` }));
  for (const { name, floats } of converted) {
    lowered.push([{ layer: name, ...dequantise(name, shapeOf(name), floats, contextOf(end)) }]);
  }
  const mapBytes = (name: string, each: number): number => {
    const { height, width, channels } = shapeOf(name);
    return each * height * width * storedChannels(name, channels, tile);
  };
  const bytesOf = (name: string): number => {
    // whole runs of pixels are converted at once
    const picture = shapeOf(name);
    if (name === NETWORK_INPUT) return pictureBytes(pictureRuns(picture, tile) * tile * picture.channels);
    const found = mapOf(name);
    return mapBytes(name, found ? storedBytes(found, constants) : 4);
  };
  const floatSpans = converted.map(({ name, floats }) => {
    return { name: floats, bytes: mapBytes(name, 4), from: end, to: end };
  });
  return finishPlan(network, lowered.flat(), {
    reserved,
    values: [...spansOf(operations, { bytesOf, keep }), ...floatSpans],
    kept: keep.map((name) => {
      const floats = converted.find((each) => each.name === name)?.floats;
      return keptMap(network, name, tile, floats);
    }),
    shift,
    stagingBytes: (packed) =>
      'input' in packed || packed.layout === 'rows' ? integerStagingBytes(packed, constants) : stagingBytes(packed),
  });
}

/**
 * How each value is stored: undefined for floats.
 * @throws ModelError `calibration`, when asked, where a map has no levels
 */
function storedMaps(
  network: ResolvedNetwork,
  operations: readonly Operation[],
  maps: IntegerMaps,
  keep: readonly string[],
): (name: string) => IntegerMap | undefined {
  const floats = floatValues(operations);
  return (name) => {
    if (name === NETWORK_INPUT || floats.has(name)) return undefined;
    const found = maps.get(name);
    // Where keeping a map leaves it unfused, it has no range, and is made in floats.
    if (found || keep.includes(name)) return found;
    throw unfit(network, `no range of values for ${name}, expected one for each of its channels`);
  };
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
