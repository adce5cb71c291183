/**
 * Whether integer kernels take the loops that are fast in V8's baseline code. The caller sets it, for an instance that runs too
 * little for optimised code to be worth compiling. The results are the same.
 */
export let usesBaselineTiles: bool = false;
