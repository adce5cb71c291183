/** In words: why a file could not be read. */
export function describeReadError(error: unknown): string {
  const code = codeOf(error);
  return code === 'ENOENT' ? 'no such file' : (WORDS[code] ?? `cannot be read (${code})`);
}

/** In words: why a file could not be written. */
export function describeWriteError(error: unknown): string {
  const code = codeOf(error);
  return code === 'ENOENT' ? 'no such folder' : (WORDS[code] ?? `cannot be written (${code})`);
}

const WORDS: Readonly<Record<string, string>> = {
  ...{ EACCES: 'permission denied', EPERM: 'permission denied', EISDIR: 'is a folder' },
  ENOTDIR: 'part of the path is a file, not a folder',
  ...{ ENAMETOOLONG: 'the name is too long', EROFS: 'the file system is read-only' },
};

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
