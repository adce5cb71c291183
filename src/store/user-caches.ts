import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';

/**
 * The folder for compiled code: always in the user's own folder for caches, as what lies there is run, and a store may be
 * shared, copied or unpacked. Undefined where that folder is not known for sure.
 */
export function codeHome(): string | undefined {
  const caches = userCaches(process.env);
  return caches === undefined ? undefined : resolve(caches, 'code');
}

/** As the platforms have it; on Linux by the XDG Base Directory Specification, which ignores relative paths. */
export function userCaches(env: NodeJS.ProcessEnv): string | undefined {
  const { XDG_CACHE_HOME = '', LOCALAPPDATA = '' } = env;
  const inHome = (...path: readonly string[]) => {
    const home = homeOf();
    return home === undefined ? undefined : resolve(home, ...path);
  };
  switch (process.platform) {
    case 'darwin':
      return inHome('Library', 'Caches', 'mobilenet');
    case 'win32':
      return isAbsolute(LOCALAPPDATA)
        ? resolve(LOCALAPPDATA, 'mobilenet', 'Cache')
        : inHome('AppData', 'Local', 'mobilenet', 'Cache');
    default:
      return isAbsolute(XDG_CACHE_HOME) ? resolve(XDG_CACHE_HOME, 'mobilenet') : inHome('.cache', 'mobilenet');
  }
}

function homeOf(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}
