import type { Shape } from '../../../networks/types.js';
import { type AxisOrder, type MapValue, multiply } from '../../graph/value.js';

export type MapAxis = keyof Shape;

/** A map's dimensions as the graph sees them, one picture in front. */
export function dimsOfMap({ height, width, channels }: Shape, order: AxisOrder): readonly number[] {
  return order === 'CHW' ? [1, channels, height, width] : [1, height, width, channels];
}

/** The map's size with the zeros that wait around it. */
export function sizeOf({ shape, pads }: MapValue): Shape {
  if (pads === undefined) return shape;
  const { height, width, channels } = shape;
  return { height: height + pads.top + pads.bottom, width: width + pads.left + pads.right, channels };
}

/**
 * Which axes of the map each of the value's dimensions is: several where they were flattened, none for one of 1 that
 * was added. Undefined where an axis was cut into two.
 */
export function axesOf(value: MapValue): readonly (readonly MapAxis[])[] | undefined {
  const { dims, order } = value;
  const shape = sizeOf(value);
  const sequence: readonly MapAxis[] =
    order === 'CHW' ? ['channels', 'height', 'width'] : ['height', 'width', 'channels'];
  if (dims.join() === dimsOfMap(shape, order).join()) return [[], ...sequence.map((axis) => [axis])];
  const left = [...sequence];
  const groups: MapAxis[][] = [];
  for (const size of dims) {
    const group: MapAxis[] = [];
    while (left.length > 0 && multiply(group.map((axis) => shape[axis])) < size) group.push(left.shift() ?? 'width');
    if (multiply(group.map((axis) => shape[axis])) !== size) return undefined;
    groups.push(group);
  }
  if (left.some((axis) => shape[axis] !== 1)) return undefined;
  groups.at(-1)?.push(...left);
  return groups;
}

/** The dimension that is the channels and nothing else of more than one value. */
export function channelDimension(value: MapValue): number | undefined {
  const groups = axesOf(value);
  const size = sizeOf(value);
  const at = groups?.findIndex((group) => group.includes('channels')) ?? -1;
  const others = groups?.[at]?.filter((axis) => axis !== 'channels' && size[axis] !== 1);
  return at >= 0 && others?.length === 0 ? at : undefined;
}
