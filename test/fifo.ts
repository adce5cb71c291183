import { spawnSync } from 'node:child_process';

/** Node cannot make a named pipe itself; where there is no `mkfifo` the tests that need one are skipped. */
export const canMakeFifo = spawnSync('mkfifo', ['--help']).error === undefined && process.platform !== 'win32';

export function makeFifo(path: string): void {
  const { status, stderr } = spawnSync('mkfifo', [path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mkfifo ${path}: ${stderr}`);
}
