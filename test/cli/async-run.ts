import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.js';
import { root } from './run.js';

const program = fileURLToPath(new URL('../../bin/mobilenet.js', import.meta.url));

/** Like `mobilenet`, without standing still meanwhile: for commands that talk to a server of the test's own. */
export function mobilenetBeside(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  launcher?: readonly string[],
): Promise<Run> {
  const [command, ...rest] = [...(launcher ?? []), process.execPath, program, ...args];
  const child = spawn(command!, rest, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ stdout, stderr, code })));
}
