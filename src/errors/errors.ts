import { exitCodes } from './exit-codes.js';

export { exitCodes };

/** What went wrong, in parts. `expected` and `remedy` are there where they help. */
export interface ErrorDetails {
  /** The file, option or part of a model that the error is about. */
  readonly where?: string | undefined;
  /** What is wrong with it. */
  readonly problem?: string | undefined;
  /** What would have been right in its place. */
  readonly expected?: string | undefined;
  /** What the user can do about it; a sentence without its full stop. */
  readonly remedy?: string | undefined;
  /** What a file is that was recognised as something else than a picture; no part of the sentence. */
  readonly otherKind?: string | undefined;
}

/** One line: `where: problem, expected what; remedy`. */
export function formatError({ where, problem, expected, remedy }: ErrorDetails): string {
  const parts = [problem, expected && `expected ${expected}`].filter((part) => part).join(', ');
  const sentence = [parts, remedy].filter((part) => part).join('; ');
  return where ? `${where}: ${sentence}` : sentence;
}

/**
 * An error that a user can cause or correct. `code` is stable for scripts, `exitCode` is what the process ends with if
 * nothing else could be done, `message` is the sentence made of `details`.
 */
export class MobilenetError extends Error {
  /** What kind of error it is: `usage`, `not-found`, `corrupt`, … */
  readonly code: string;
  /** What the command would end with. */
  readonly exitCode: number;
  /** The parts that `message` is made of. */
  readonly details: ErrorDetails;

  constructor(code: string, exitCode: number, details: ErrorDetails, options?: ErrorOptions) {
    super(formatError(details), options);
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** Wrong usage: an unknown model, an α that no network takes, a bad option value. Exit code 2. */
export class UsageError extends MobilenetError {
  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super('usage', exitCodes.usage, details, options);
  }
}

/** Model, card or weights missing, damaged, or of the wrong shape. Exit code 4. */
export class ModelError extends MobilenetError {
  constructor(code: string, details: ErrorDetails, options?: ErrorOptions) {
    super(code, exitCodes.model, details, options);
  }
}

/** Ends what is said of a file whose parts lie beyond its end. */
export const CUT_OFF = 'the file may be cut off; copy or download it again';

/** For a file of weights that breaks the rules of its format. */
export function damagedWeights(where: string, problem: string): ModelError {
  return new ModelError('weights-damaged', { where, problem });
}

/** One image that cannot be read; the others go on. Exit code 3 if it was the only one. */
export class ImageError extends MobilenetError {
  constructor(code: string, details: ErrorDetails, options?: ErrorOptions) {
    super(code, exitCodes.noInput, details, options);
  }
}

/** This runtime cannot run the kernels (no WASM SIMD), or running them went wrong. Exit code 5. */
export class RuntimeError extends MobilenetError {
  /** Where no other is given. */
  static readonly code = 'runtime';

  constructor(
    details: ErrorDetails,
    { code = RuntimeError.code, ...options }: ErrorOptions & { readonly code?: string } = {},
  ) {
    super(code, exitCodes.runtime, details, options);
  }
}

/** The output cannot be written to its end: a disk that is full, a medium that fails. Exit code 74. */
export class OutputError extends MobilenetError {
  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super('output', exitCodes.output, details, options);
  }
}
