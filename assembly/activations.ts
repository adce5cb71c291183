/** Which function `activate_f32` computes, and the integer kernels between their sums and their outputs. */
export const SWISH: i32 = 1;
export const SIGMOID: i32 = 2;
export const TANH: i32 = 3;
export const HARD_SWISH: i32 = 4;
export const HARD_SIGMOID: i32 = 5;
export const LEAKY_RELU: i32 = 6;
export const ELU: i32 = 7;
export const SELU: i32 = 8;
export const GELU: i32 = 9;
export const GELU_TANH: i32 = 10;
export const SOFTPLUS: i32 = 11;
export const SOFTSIGN: i32 = 12;
export const MISH: i32 = 13;
export const EXPONENTIAL: i32 = 14;

/** Of the integer kernels: nothing but the clip. */
export const NO_ACTIVATION: i32 = 0;
