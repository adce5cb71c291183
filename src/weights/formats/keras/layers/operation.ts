import type { MapValue } from '../../../graph/value.js';
import { ComputedTensor, type KerasCall } from '../layer-handler.js';

/**
 * Operations on tensors that stand between layers: TFOpLambda, SlicingOpLambda and TensorFlowOpLayer of Keras 2, and the
 * operations of Keras 3, which have classes of their own.
 */
export interface Operation {
  readonly call: KerasCall;
  /** In Python's spelling, without the modules before it: `truediv`. */
  readonly name: string;
  /** What is given by place; tensors are `ComputedTensor`s. */
  readonly operands: readonly unknown[];
  /** What is given by name, by the call or when the operation was made. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The tensor that an operand is; undefined for a constant. */
export function tensorOf(operand: unknown): MapValue | undefined {
  return operand instanceof ComputedTensor ? operand.value : undefined;
}
