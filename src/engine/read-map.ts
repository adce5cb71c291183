import type { Plan } from './plan.js';

/**
 * A copy of a kept map, height × width × channels, without the channels that only fill up its pixels.
 * @throws RangeError for a map that the plan does not keep
 */
export function readMap(
  { kept }: Pick<Plan, 'kept'>,
  name: string,
  memory: ArrayBufferLike,
): Float32Array<ArrayBuffer> {
  const map = kept.find((each) => each.name === name);
  if (!map) throw new RangeError(`the plan does not keep ${name}`);
  const { address, shape, storedChannels } = map;
  const { channels } = shape;
  const pixels = shape.height * shape.width;
  const values = new Float32Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    values.set(new Float32Array(memory, address + 4 * pixel * storedChannels, channels), pixel * channels);
  }
  return values;
}
