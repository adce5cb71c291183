import { memorySentence, SCALE_DOWN } from '../decode-size.js';

export type ProblemCode = 'corrupt' | 'unsupported-format' | 'too-large';

/** What a reader of this folder has against a file; the caller adds the file's name. */
export class PictureProblem extends Error {
  readonly code: ProblemCode;
  /** The sentence, given the name of the file's format. */
  readonly describe: (format: string) => string;
  readonly remedy: string | undefined;

  constructor(code: ProblemCode, describe: (format: string) => string, remedy?: string) {
    super(code);
    this.code = code;
    this.describe = describe;
    this.remedy = remedy;
  }
}

export function damaged(reason: string): PictureProblem {
  return new PictureProblem('corrupt', (format) => `damaged ${format} (${reason})`);
}

export function unsupported(what: string): PictureProblem {
  return new PictureProblem('unsupported-format', (format) => `${format} with ${what} is not supported`);
}

/** A picture of this size needs more memory than one may take. */
export function tooLarge(size: { readonly width: number; readonly height: number }): PictureProblem {
  return new PictureProblem('too-large', (format) => memorySentence(format, size), SCALE_DOWN);
}
