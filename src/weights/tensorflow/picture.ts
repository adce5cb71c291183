import { isJsonObject } from '../../untrusted-data/json-object.js';
import type { TensorflowNode } from './tensorflow-importer.js';

/** Where a graph takes its picture. */
export interface TensorflowPicture {
  /** The node whose value the picture is. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** As the graph sees it: with a batch of 1, or (3) without. */
  readonly rank: 3 | 4;
  /** It takes bytes, 0…255. */
  readonly isBytes: boolean;
}

const OPEN = [-1, -1, -1, -1] as const;

/**
 * The picture of a Placeholder. Sides that the graph leaves open are `resolution`, channels 3, and the batch is 1.
 * @param isOpen whether an input of which nothing is known is a picture
 * @returns undefined for what is no picture
 */
export function readPicture(
  { name, attributes }: TensorflowNode,
  resolution: number,
  isOpen = false,
): TensorflowPicture | undefined {
  const sizes = readShape(attributes.shape) ?? (isOpen ? OPEN : undefined);
  if (sizes === undefined) return undefined;
  const [height, width, channels] = sizes.slice(-3).map((size, axis) => {
    if (size !== -1) return size;
    return axis === 2 ? 3 : resolution;
  }) as [number, number, number];
  const rank = sizes.length;
  if (rank !== 4 && rank !== 3) return undefined;
  if (rank === 4 && sizes[0] !== -1 && sizes[0] !== 1) return undefined;
  if (![height, width, channels].every((size) => Number.isSafeInteger(size) && size > 0)) return undefined;
  const type = isJsonObject(attributes.dtype) ? attributes.dtype.type : undefined;
  return { name, height, width, channels, rank, isBytes: type === 'DT_UINT8' };
}

/** Sizes, −1 for one that is open; undefined where even their number is. */
function readShape(attribute: unknown): readonly number[] | undefined {
  const shape = isJsonObject(attribute) ? attribute.shape : undefined;
  if (!isJsonObject(shape) || shape.unknownRank === true) return undefined;
  if (!Array.isArray(shape.dim)) return [];
  return shape.dim.map((dim: unknown) => Number(isJsonObject(dim) ? dim.size : Number.NaN));
}
