import { ImageError } from '../errors/errors.js';

/** What an error of the file system says of a picture. */
export function describeError(name: string, error: unknown): ImageError {
  const code = (error as NodeJS.ErrnoException).code;
  const cause = { cause: error };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ImageError('not-found', { where: name, problem: 'no such file', remedy: remedyFor(name) }, cause);
    case 'EACCES':
    case 'EPERM':
      return new ImageError('unreadable', { where: name, problem: 'permission denied' }, cause);
    case 'ENAMETOOLONG':
      return new ImageError('not-found', { where: name, problem: 'the name is too long' }, cause);
    case 'ERR_INVALID_ARG_VALUE':
      return new ImageError('not-found', { where: name, problem: 'not a valid file name' }, cause);
    default:
      return new ImageError(
        'unreadable',
        { where: name, problem: `cannot be read (${code ?? 'unknown error'})` },
        cause,
      );
  }
}

/** Of a name that does not look as it is, from a list of another system. */
function remedyFor(printed: string): string | undefined {
  if (printed.endsWith('\\r')) return 'the name ends with a carriage return: give the list Unix line ends';
  return printed.startsWith('\ufeff') ? 'the name begins with a byte order mark: remove it from the list' : undefined;
}
