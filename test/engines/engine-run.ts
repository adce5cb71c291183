import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { mobilenet, program, root } from '../cli/run.js';

export const engines = join(root, 'examples/engines');

/** Pictures that an engine classifies, and what a plain run says of them. */
export interface Workload {
  /** Folder of all that the test makes. */
  readonly folder: string;
  readonly pictures: string;
  /** With `mobilenet` on the PATH. */
  readonly env: NodeJS.ProcessEnv;
  /** Rows of a plain run by file, without times. */
  readonly expected: ReadonlyMap<string, string>;
}

export function has(command: string): boolean {
  return process.platform === 'linux' && spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** One picture in a hundred is broken. */
export function makeWorkload(count: number): Workload {
  const folder = mkdtempSync(join(tmpdir(), 'mobilenet-engine-'));
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  const photos = ['airplane', 'allium', 'alps', 'boats'].map((name) => join(root, `test/photos/${name}.jpg`));
  for (let index = 0; index < count; index++) {
    const file = join(pictures, `${index}.jpg`);
    if (index % 100 === 50) writeFileSync(file, 'no picture');
    else copyFileSync(photos[index % photos.length]!, file);
  }
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'mobilenet'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
  const plain = join(folder, 'plain.jsonl');
  mobilenet('classify', pictures, '--output', plain, '--quiet');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  return { folder, pictures, env, expected: readRows([plain]) };
}

/** Rows of JSON lines by file, without times. Throws where a file has two. */
export function readRows(files: readonly string[]): Map<string, string> {
  const rows = new Map<string, string>();
  for (const line of files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))) {
    const { file, predictions, error, model } = JSON.parse(line);
    if (rows.has(file)) throw new Error(`${file}: two rows`);
    rows.set(file, JSON.stringify({ predictions, error, model }));
  }
  return rows;
}

/** Runs a command; `meanwhile` may disturb it. */
export async function run(
  command: string,
  args: readonly string[],
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await meanwhile();
  return { code: await ended, output };
}

/** Kills a process that is writing one of these parts, with SIGKILL, once it has written a row. */
export async function killWriter(parts: string): Promise<void> {
  for (let attempt = 0; attempt < 3000; attempt++) {
    for (const lock of listed(parts).filter((name) => name.endsWith('.lock'))) {
      const output = join(parts, lock.replace(/^\.(.*)\.lock$/, '$1'));
      try {
        const process_ = Number(readFileSync(join(parts, lock), 'utf8').split(' ')[0]);
        if (readFileSync(output, 'utf8') === '') continue;
        process.kill(process_, 'SIGKILL');
        return;
      } catch {
        // Done in the meantime.
      }
    }
    await wait(5);
  }
  throw new Error(`${parts}: no process was writing`);
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
