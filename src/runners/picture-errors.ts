import { NOT_FINITE } from '../domain/rank.js';
import { exitCodes, ImageError, MobilenetError, RuntimeError } from '../errors/errors.js';
import type { ErrorReply } from './messages.js';

/** Whether an error is of one picture: a row of its own, and the others go on. */
export function isPictureError(error: unknown): error is MobilenetError {
  return error instanceof MobilenetError && (error.exitCode === exitCodes.noInput || error.code === NOT_FINITE);
}

/** For a picture that is handed to a runner which has been closed. */
export function closedError(): MobilenetError {
  return new MobilenetError('closed', exitCodes.internal, {
    where: 'classify',
    problem: 'the classifier is closed',
  });
}

/** An error as it is sent to another thread or process. */
export function replyOf(job: number, error: unknown): ErrorReply {
  if (isPictureError(error) || error instanceof RuntimeError) {
    return { job, error: { code: error.code, details: error.details } };
  }
  return { job, internalError: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** What another thread or process has reported. */
export function errorOf(reply: ErrorReply): Error {
  if ('internalError' in reply) return new Error(reply.internalError);
  const { code, details } = reply.error;
  return code === NOT_FINITE || code === RuntimeError.code
    ? new RuntimeError(details, { code })
    : new ImageError(code, details);
}
