import { spawnSync } from 'node:child_process';
import { program } from './run.js';

/** What `spawn` is told so that permissions bind: root, whom they do not, becomes nobody. */
export const bound: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Whether such a user can run the command: it may not see the project's folder. Windows has other permissions. */
export const canRunBound =
  process.platform !== 'win32' &&
  spawnSync(process.execPath, [program, '--version'], { ...bound, cwd: '/', stdio: 'ignore' }).status === 0;
