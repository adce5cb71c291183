import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const program = fileURLToPath(new URL('../../bin/mobilenet.js', import.meta.url));

export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs the built command in the project's root, as a shell would. */
export function mobilenet(...args: readonly string[]): Run {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8' });
  return { stdout, stderr, code: status };
}
