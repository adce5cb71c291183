/** What a process exits with; the table is in the README. */
export const exitCodes = {
  ok: 0,
  someInputsFailed: 1,
  usage: 2,
  noInput: 3,
  model: 4,
  runtime: 5,
  internal: 70,
} as const;

/**
 * Every fault that a user can cause or mend. The message reads "where: what, expected what", in one line;
 * `code` is stable for scripts, `exitCode` is what the process ends with if nothing else could be done.
 */
export class MobilenetError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** Wrong usage: an unknown model, an α that no network takes, a bad option value. Exit code 2. */
export class UsageError extends MobilenetError {
  constructor(message: string, options?: ErrorOptions) {
    super('usage', exitCodes.usage, message, options);
  }
}

/** Model, card or weights missing, damaged, or of the wrong shape. Exit code 4. */
export class ModelError extends MobilenetError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, exitCodes.model, message, options);
  }
}

/** One picture that cannot be read; the others go on. Exit code 3 if it was the only one. */
export class ImageError extends MobilenetError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, exitCodes.noInput, message, options);
  }
}

/** This runtime cannot run the kernels (no WASM SIMD), or running them went wrong. Exit code 5. */
export class RuntimeError extends MobilenetError {
  constructor(message: string, { code = 'runtime', ...options }: ErrorOptions & { readonly code?: string } = {}) {
    super(code, exitCodes.runtime, message, options);
  }
}
