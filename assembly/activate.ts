import {
  ELU, EXPONENTIAL, GELU, GELU_TANH, HARD_SIGMOID, HARD_SWISH, LEAKY_RELU, MISH, SELU, SIGMOID, SOFTPLUS, SOFTSIGN, SWISH,
  TANH,
} from './activations';
import { elu, gelu, geluTanh, hardSigmoid, hardSwish, leakyRelu, mish, selu, softplus, softsign, tanh } from './curves';
import { exponential } from './exponential';
import { logistic, swish } from './logistic';
import { FLOAT, VECTOR } from './tiles';
import { Fast, isAligned, Rounded } from './vector';

/*
 * A function for each activation, so that V8 compiles those alone that a network has.
 */

function allSwish<F>(output: usize, input: usize, bytes: usize): void {
  // two at once: one chain of instructions is long, and the processor sees little more than one ahead
  let i: usize = 0;
  for (; i + 2 * VECTOR <= bytes; i += 2 * VECTOR) {
    const x = v128.load(input + i);
    const y = v128.load(input + i, 16);
    const a = swish<F>(x);
    const b = swish<F>(y);
    v128.store(output + i, a);
    v128.store(output + i, b, 16);
  }
  if (i < bytes) v128.store(output + i, swish<F>(v128.load(input + i)));
}

function allSigmoid<F>(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, logistic<F>(v128.load(input + i)));
}

function allTanh(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, tanh(v128.load(input + i)));
}

function allHardSwish(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, hardSwish(v128.load(input + i)));
}

function allHardSigmoid(output: usize, input: usize, bytes: usize, slope: v128, offset: v128): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, hardSigmoid(v128.load(input + i), slope, offset));
}

function allLeakyRelu(output: usize, input: usize, bytes: usize, slope: v128): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, leakyRelu(v128.load(input + i), slope));
}

function allElu(output: usize, input: usize, bytes: usize, alpha: v128): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, elu(v128.load(input + i), alpha));
}

function allSelu(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, selu(v128.load(input + i)));
}

function allGelu(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, gelu(v128.load(input + i)));
}

function allGeluTanh(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, geluTanh(v128.load(input + i)));
}

function allSoftplus(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, softplus(v128.load(input + i)));
}

function allSoftsign(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, softsign(v128.load(input + i)));
}

function allMish(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, mish(v128.load(input + i)));
}

function allExponential(output: usize, input: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += VECTOR) v128.store(output + i, exponential<Rounded>(v128.load(input + i)));
}

// @ts-ignore: decorator
@inline
function activate<F>(output: usize, input: usize, count: i32, activation: i32, first: f32, second: f32): void {
  assert(isAligned(output) && isAligned(input) && count >= 0 && count % 4 == 0);
  const bytes = <usize>count * FLOAT;
  const a = f32x4.splat(first);
  const b = f32x4.splat(second);
  switch (activation) {
    case SWISH: return allSwish<F>(output, input, bytes);
    case SIGMOID: return allSigmoid<F>(output, input, bytes);
    case TANH: return allTanh(output, input, bytes);
    case HARD_SWISH: return allHardSwish(output, input, bytes);
    case HARD_SIGMOID: return allHardSigmoid(output, input, bytes, a, b);
    case LEAKY_RELU: return allLeakyRelu(output, input, bytes, a);
    case ELU: return allElu(output, input, bytes, a);
    case SELU: return allSelu(output, input, bytes);
    case GELU: return allGelu(output, input, bytes);
    case GELU_TANH: return allGeluTanh(output, input, bytes);
    case SOFTPLUS: return allSoftplus(output, input, bytes);
    case SOFTSIGN: return allSoftsign(output, input, bytes);
    case MISH: return allMish(output, input, bytes);
    case EXPONENTIAL: return allExponential(output, input, bytes);
    default: assert(false);
  }
}

/**
 * An activation (of `activations`) of each value; first and second are its parameters: HARD_SIGMOID slope and offset,
 * LEAKY_RELU the slope, ELU alpha. count is a multiple of 4, addresses are 16-byte aligned, output may be the input. Any
 * finite x is safe. For x below −88 the sigmoid is a number between 0 and 1e-38, the swish between −6e-37 and 0.
 */
export function activate_f32(
  output: usize, input: usize, count: i32, activation: i32, first: f32, second: f32,
): void {
  activate<Fast>(output, input, count, activation, first, second);
}

/** Like `activate_f32`, without fused multiply-add: the same last digits from both binaries. */
export function activate_rounded_f32(
  output: usize, input: usize, count: i32, activation: i32, first: f32, second: f32,
): void {
  activate<Rounded>(output, input, count, activation, first, second);
}
