import { type ConstantValue, multiply, readReals } from '../../graph/value.js';
import { DATA_TYPE } from './tensor.js';

/** A constant of the graph: stored in the file, or computed from what is stored. */
export interface OnnxConstant extends ConstantValue {
  /** As in `DATA_TYPE`. */
  readonly type: number;
  /** Only its shape is known: it is large, or lies in a file that is not read. */
  readonly isUnread: boolean;
}

type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array;

const FLOATS: ReadonlySet<number> = new Set([DATA_TYPE.float, DATA_TYPE.float16, DATA_TYPE.bfloat16, DATA_TYPE.double]);

export function isFloatType(type: number): boolean {
  return FLOATS.has(type);
}

/** Room for computed values; half precision is widened. */
export function allocateNumbers(type: number, count: number): Numbers {
  switch (type) {
    case DATA_TYPE.float:
    case DATA_TYPE.float16:
    case DATA_TYPE.bfloat16:
      return new Float32Array(count);
    case DATA_TYPE.int8:
      return new Int8Array(count);
    case DATA_TYPE.uint8:
    case DATA_TYPE.bool:
      return new Uint8Array(count);
    case DATA_TYPE.int32:
      return new Int32Array(count);
    default:
      return new Float64Array(count);
  }
}

export function makeConstant(type: number, dims: readonly number[], values: ArrayLike<number>): OnnxConstant {
  return {
    kind: 'constant',
    type,
    dims,
    read: () => values,
    stored: undefined,
    name: 'a computed constant',
    isUnread: false,
  };
}

/** Values as the graph sees them: real numbers where the file stores integers and scales. */
export function valuesOf(constant: OnnxConstant): ArrayLike<number> {
  if (constant.stored === undefined) return constant.read();
  return multiply(constant.dims) > 0 ? Float32Array.from(readReals(constant)) : new Float32Array(0);
}
