/** In words: why a file could not be read. */
export function describeReadError(error: unknown): string {
  const code = codeOf(error);
  return code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
}

/** In words: why a file could not be written. */
export function describeWriteError(error: unknown): string {
  const code = codeOf(error);
  return code === 'ENOENT' ? 'no such folder' : `cannot be written (${code})`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
