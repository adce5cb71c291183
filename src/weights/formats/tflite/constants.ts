import type { StoredScales } from '../../graph/value.js';
import { multiply } from '../../graph/value.js';
import { toFloat32 } from '../../half.js';
import { nameType, type TfliteGraph, type TfliteTensor } from './graph.js';
import { TENSOR_TYPE } from './schema.js';

const BYTES_PER_ITEM: Readonly<Record<number, number>> = {
  [TENSOR_TYPE.float32]: 4,
  [TENSOR_TYPE.float16]: 2,
  [TENSOR_TYPE.int32]: 4,
  [TENSOR_TYPE.uint8]: 1,
  [TENSOR_TYPE.int64]: 8,
  [TENSOR_TYPE.int8]: 1,
};

/** The stored numbers of a constant, after the check that there are as many bytes as its shape says. */
export function readStored(graph: TfliteGraph, tensor: TfliteTensor, what: string): ArrayLike<number> {
  const { constant, type } = tensor;
  if (constant === undefined) throw graph.unsupported(`${what} is computed, expected it to be a constant`);
  const itemBytes = BYTES_PER_ITEM[type];
  if (itemBytes === undefined) {
    const known = Object.keys(BYTES_PER_ITEM).map((known) => nameType(Number(known)));
    throw graph.unsupported(`${what} is ${nameType(type)}, expected ${known.join(', ')}`);
  }
  const expected = multiply(tensor.shape) * itemBytes;
  if (constant.length !== expected) {
    throw graph.damaged(`${what} has ${constant.length} bytes, expected ${expected} for ${tensor.shape.join('×')}`);
  }
  const { buffer, byteOffset } = constant;
  // A flatbuffer's bytes need not lie at a multiple of the item's length; `slice` of a Buffer would not copy.
  const copy = () => new Uint8Array(constant).buffer;
  switch (type) {
    case TENSOR_TYPE.uint8:
      return constant;
    case TENSOR_TYPE.int8:
      return new Int8Array(buffer, byteOffset, expected);
    case TENSOR_TYPE.float32:
      return new Float32Array(copy());
    case TENSOR_TYPE.float16:
      return toFloat32(new Uint16Array(copy()));
    case TENSOR_TYPE.int32:
      return new Int32Array(copy());
    default:
      return Array.from(new BigInt64Array(copy()), Number);
  }
}

/** How the stored bytes of a constant become real numbers; undefined where they are those. */
export function storedScales({ quantisation, type }: TfliteTensor): StoredScales | undefined {
  if (quantisation === undefined || (type !== TENSOR_TYPE.int8 && type !== TENSOR_TYPE.uint8)) return undefined;
  const indices = Array.from({ length: quantisation.count }, (_, index) => index);
  return {
    axis: quantisation.axis,
    scales: indices.map((index) => quantisation.scale(index)),
    zeroPoints: indices.map((index) => quantisation.zeroPoint(index)),
  };
}
