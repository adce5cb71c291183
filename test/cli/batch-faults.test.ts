import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canMakeFifo, makeFifo } from '../fifo.js';
import { bound, canRunBound } from './other-user.js';
import { mobilenet, program, root } from './run.js';
import { hasShellTools } from './shell-tools.js';

const photo = join(root, 'test/photos/alps.jpg');
const ALP = 970;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-faults-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly file: string;
  readonly predictions?: readonly { readonly index: number }[];
  readonly error?: { readonly code: string };
}

const rows = (text: string): Row[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
/** The top class, or the error's code. */
const outcome = ({ predictions, error }: Row) => error?.code ?? predictions![0]!.index;

/** A folder of `count` links to one photo. */
function links(name: string, count: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (let index = 0; index < count; index++) symlinkSync(photo, join(path, `${index}.jpg`));
  return path;
}

describe('files that vanish', () => {
  it.each([
    ['by threads', ['--jobs', '2']],
    ['by processes', ['--timeout', '60', '--jobs', '2']],
  ])('between listing and opening: one row, the others go on (%s)', async (how, options) => {
    const many = links(`vanishing ${how}`, 60);
    const args = [program, 'classify', many, '--format', 'jsonl', '--top', '1', ...options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const closed = new Promise((go) => child.once('close', go));
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      // The first row says that the folder has been listed; the last picture is far behind what has been begun.
      if (stdout === '') {
        child.kill('SIGSTOP');
        unlinkSync(join(many, '59.jpg'));
        child.kill('SIGCONT');
      }
      stdout += chunk;
    });
    expect(await closed).toBe(1);
    expect(rows(stdout).map(outcome)).toEqual([...Array.from({ length: 59 }, () => ALP), 'not-found']);
  });

  it('while a list arrives slowly: results do not wait for its end', async () => {
    const many = links('list', 3);
    const args = [program, 'classify', '--files-from', '-', '--quiet', '--format', 'jsonl', '--top', '1'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const closed = new Promise((go) => child.once('close', go));
    let [stdout, stderr] = ['', ''];
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const first = new Promise<void>((go) => {
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
        go();
      });
    });
    const name = (index: number) => join(many, `${index}.jpg`);
    child.stdin.write(`${name(0)}\n`);
    await first;
    unlinkSync(name(1));
    child.stdin.end(`${name(1)}\n${name(2)}\n`);
    expect(await closed).toBe(1);
    expect(rows(stdout).map(outcome)).toEqual([ALP, 'not-found', ALP]);
    expect(stderr).toBe(`mobilenet: ${name(1)}: no such file\n`);
  });
});

describe.skipIf(!canRunBound)('permissions, as a user whom they bind', () => {
  it.each([
    ['one by one', []],
    ['by threads', ['--jobs', '2']],
    ['by processes', ['--timeout', '60', '--jobs', '2']],
  ])('a folder and a file that may not be read are rows (%s)', (how, options) => {
    const own = join(folder, `permissions ${how}`);
    mkdirSync(join(own, 'closed'), { recursive: true });
    copyFileSync(photo, join(own, 'closed/a.jpg'));
    copyFileSync(photo, join(own, 'open.jpg'));
    copyFileSync(photo, join(own, 'secret.jpg'));
    chmodSync(join(own, 'closed'), 0);
    chmodSync(join(own, 'secret.jpg'), 0);
    const args = [program, 'classify', own, '--quiet', '--format', 'jsonl', '--top', '1', ...options];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { ...bound, cwd: '/', encoding: 'utf8' });
    chmodSync(join(own, 'closed'), 0o755);
    expect(rows(stdout).map((row) => [row.file.slice(own.length + 1), outcome(row)])).toEqual([
      ['closed', 'unreadable'],
      ['open.jpg', ALP],
      ['secret.jpg', 'unreadable'],
    ]);
    expect(stderr.trimEnd().split('\n')).toEqual([
      `mobilenet: ${own}/closed: cannot list the folder (permission denied)`,
      `mobilenet: ${own}/secret.jpg: permission denied`,
    ]);
    expect(status).toBe(1);
  });
});

describe.skipIf(!canMakeFifo)('pipes', () => {
  it.each([
    ['one by one', []],
    ['by threads', ['--jobs', '2']],
    ['by processes', ['--timeout', '60', '--jobs', '2']],
  ])('are never opened: nobody writes into this one (%s)', (how, options) => {
    const own = join(folder, `pipes ${how}`);
    mkdirSync(own);
    makeFifo(join(own, 'a.jpg'));
    copyFileSync(photo, join(own, 'b.jpg'));
    const { stdout, code } = mobilenet('classify', own, '--format', 'jsonl', ...options);
    expect([rows(stdout).map(outcome), code]).toEqual([['not-a-file', ALP], 1]);
    expect(mobilenet('classify', join(own, 'a.jpg'), ...options).code).toBe(3);
  });
});

/** util-linux's `script`, which runs a command on a terminal of its own. */
const canOpenTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

describe.skipIf(!canOpenTerminal)('on a terminal', () => {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  /** What a person's terminal has, also where these tests run on a CI machine. */
  const person: NodeJS.ProcessEnv = { ...process.env, TERM: 'xterm' };
  delete person.CI;
  /** On a terminal of so many columns; ends by itself where it would not. */
  const run = (columns: number, args: readonly string[], env: NodeJS.ProcessEnv = person) => {
    const command = ['timeout', '-s', 'KILL', '60', process.execPath, program, 'classify', ...args]
      .map(quote)
      .join(' ');
    const script = `stty cols ${columns} rows ${columns === 0 ? 0 : 24}; exec ${command}`;
    return spawn('script', ['-qec', script, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], env });
  };
  const listen = async (child: ReturnType<typeof run>, onData = (_seen: string) => {}) => {
    let seen = '';
    child.stdout!.on('data', (chunk) => {
      seen += chunk;
      onData(seen);
    });
    const code = await new Promise((go) => child.once('close', go));
    return { seen, code };
  };

  it('says how far a batch is, how fast, and how long it will take', async () => {
    const output = join(folder, 'terminal.jsonl');
    const { seen, code } = await listen(run(80, [links('terminal', 60), '--output', output, '--top', '1']));
    expect(code).toBe(0);
    expect(seen).toMatch(/ \d+ of 60 · \d+\.\d images\/s · \d+ s left/);
    expect(rows(readFileSync(output, 'utf8'))).toHaveLength(60);
    // The line is gone in the end, and the cursor back.
    expect(seen).toMatch(/mobilenet: 60 classified, .*\r\nmobilenet: most frequent: 60 alp\r\n/);
    expect(seen.endsWith('\x1b[?25h')).toBe(true);
  });

  it.each<[string, number, NodeJS.ProcessEnv]>([
    ['has no columns', 0, person],
    ['a CI machine reads', 80, { ...person, CI: 'true' }],
    ['is dumb', 80, { ...person, TERM: 'dumb' }],
  ])('that %s: nothing moves, and the batch ends', async (name, columns, env) => {
    const output = join(folder, `${name}.jsonl`);
    const { seen, code } = await listen(run(columns, [links(name, 20), '--output', output, '--top', '1'], env));
    expect(seen).toMatch(/^mobilenet: 20 classified, .*\r\nmobilenet: most frequent: 20 alp\r\n$/);
    expect(code).toBe(0);
    expect(rows(readFileSync(output, 'utf8'))).toHaveLength(20);
  });

  it('Ctrl-C finishes what has begun: exit 130', async () => {
    const output = join(folder, 'interrupted.jsonl');
    const child = run(80, [links('interrupted', 400), '--output', output, '--top', '1']);
    let asked = false;
    const { code } = await listen(child, (seen) => {
      if (asked || !seen.includes(' of 400')) return;
      asked = true;
      child.stdin!.write('\x03');
    });
    expect(code).toBe(130);
    const found = rows(readFileSync(output, 'utf8'));
    expect(found.length).toBeLessThan(400);
    expect(found.map(outcome)).toEqual(found.map(() => ALP));
  });
});

it.skipIf(!hasShellTools)('a reader that has seen enough ends a batch without a word', () => {
  const script = '{ "$1" "$2" classify "$3" --quiet --format jsonl --jobs 2; echo "exit $?" >&2; } | head -n 1';
  const args = ['-c', script, 'sh', process.execPath, program, links('piped', 40)];
  const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
  expect(rows(stdout)).toHaveLength(1);
  expect(stderr).toBe('exit 0\n');
});
