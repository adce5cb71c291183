import { NOT_FINITE } from '../domain/rank.js';
import { exitCodes, ImageError, MobilenetError, RuntimeError } from '../errors/errors.js';

/** Whether a fault is one picture's: a row of its own, and the batch goes on. */
export function isOfPicture(error: unknown): error is MobilenetError {
  return error instanceof MobilenetError && (error.exitCode === exitCodes.noInput || error.code === NOT_FINITE);
}

/** A picture's fault that another thread has reported. */
export function revive({ code, details }: Pick<MobilenetError, 'code' | 'details'>): MobilenetError {
  return code === NOT_FINITE ? new RuntimeError(details, { code }) : new ImageError(code, details);
}
