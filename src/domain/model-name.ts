const NAME = /^[A-Za-z0-9_][\w.-]{0,99}$/;
/** Device names of Windows, with or without an ending. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** For messages: which names `isModelName` takes. */
export const MODEL_NAME_RULE = 'at most 100 letters, digits, _, - and dots, and no device name of Windows';

/** Whether a model may be called so: a folder's name on every platform, and nothing that steps out of one. */
export function isModelName(name: string): boolean {
  return NAME.test(name) && !RESERVED.test(name) && !name.endsWith('.');
}
