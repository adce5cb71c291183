export type ProblemCode = 'corrupt' | 'unsupported-format' | 'too-large';

/** What a reader of this folder has against a file; the caller adds the file's name and its format. */
export class PictureProblem extends Error {
  readonly code: ProblemCode;
  readonly remedy: string | undefined;

  constructor(code: ProblemCode, message: string, remedy?: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

export function damaged(reason: string): PictureProblem {
  return new PictureProblem('corrupt', reason);
}

/** @param what as in "BMP with `what` is not supported" */
export function unsupported(what: string): PictureProblem {
  return new PictureProblem('unsupported-format', what);
}
