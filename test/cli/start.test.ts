import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { program, root } from './run.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mobilenet-start-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function run(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, XDG_CACHE_HOME: home, ...more };
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return { stdout: stdout.replace(/\d+ ms/, 'T ms'), stderr, status };
}

function kept(): { path: string; bytes: Buffer; written: number }[] {
  const folder = join(home, 'mobilenet/code');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    return { path, bytes: readFileSync(path), written: statSync(path).mtimeMs };
  });
}

/** What is in a file, and where the data of each script begin, in each of the two halves, and its source. */
function scriptsOf(bytes: Buffer): { name: string; starts: readonly [number, number]; source: number }[] {
  const half = bytes.readUInt32LE(0);
  let end = 8 + bytes.readUInt32LE(4);
  let source = 2 * half;
  const list: [string, number, number][] = JSON.parse(bytes.toString('utf8', 8, end));
  return list.map(([name, dataBytes, sourceBytes]) => {
    const start = Math.ceil(end / 8) * 8;
    end = start + dataBytes;
    const found = { name, starts: [start, half + start], source } as const;
    source = Math.ceil((source + sourceBytes) / 8) * 8;
    return found;
  });
}

// A module that is bundled where it is not needed makes every start slower: see the lists in scripts/bundle/command.mjs.
it.each([
  ['command.cjs', 60],
  ['cost.cjs', 85],
  ['classify.cjs', 190],
  ['integers.cjs', 47],
  ['decode.cjs', 16],
])('%s has only what its command needs, at most %d kB', (name, most) => {
  expect(statSync(join(root, 'dist/code', name)).size / 1000).toBeLessThan(most);
});

// What integers.cjs packs is kept under the checksum of classify.cjs.
it('classify.cjs changes with integers.cjs', () => {
  const read = (name: string) => readFileSync(join(root, 'dist/code', name));
  const hash = createHash('sha256').update(read('integers.cjs')).digest('hex');
  expect(read('classify.cjs').toString()).toContain(hash);
});

// Elsewhere the folder for caches would be the user's own.
describe.skipIf(process.platform !== 'linux')('compiled code from one start to the next', () => {
  const classify = ['classify', 'test/photos/alps.jpg', '--top', '2'];

  it('is kept after the first, used by the second, and changes nothing', () => {
    const first = run(classify);
    expect(first.stdout).toContain('alp ');
    const [file, ...others] = kept();
    expect(others).toEqual([]);
    const second = run(classify);
    expect(second).toEqual(first);
    // Other pictures and values are the same form; a file that was used is not written again.
    expect(run(['classify', 'test/photos/boats.jpg', '--top=3']).status).toBe(0);
    expect(kept()).toEqual([file]);
  });

  // Settings of V8 that lanes change would make their code useless for the next start.
  it('is used by batches, too', () => {
    const batch = ['classify', 'test/photos', 'test/photos/alps.jpg', '--jobs', '2', '--format', 'csv'];
    const first = run(batch);
    const files = kept();
    expect(files).toHaveLength(1);
    expect(scriptsOf(files[0]!.bytes).map(({ name }) => name)).toContain('lane:lane');
    expect(run(batch).stdout).toBe(first.stdout);
    // A lane that had compiled anew would have sent its code, and the file would have been written again.
    expect(kept()).toEqual(files);
  });

  it('that V8 refuses in lanes is replaced', () => {
    const batch = ['classify', 'test/photos', 'test/photos/alps.jpg', '--jobs', '2', '--format', 'csv'];
    const first = run(batch);
    const { path, bytes } = kept()[0]!;
    const refused = Buffer.from(bytes);
    const { starts } = scriptsOf(refused).find(({ name }) => name === 'lane:lane')!;
    const [start] = starts;
    // V8's magic number.
    for (const each of starts) refused[each]! ^= 1;
    const damaged = Buffer.from(bytes);
    damaged[start + 1000]! ^= 1;
    for (const content of [refused, damaged]) {
      writeFileSync(path, content);
      const again = run(batch);
      expect([again.stdout, again.status]).toEqual([first.stdout, 0]);
      const { bytes: replaced } = kept()[0]!;
      const lane = scriptsOf(replaced).find(({ name }) => name === 'lane:lane')!;
      expect(replaced.subarray(lane.starts[0], lane.starts[0] + 4)).toEqual(bytes.subarray(start, start + 4));
    }
  });

  it('is one for each form of the command', () => {
    for (const args of [['cost'], ['cost', '--json'], ['cost', '--json', '--model', 'xception']]) run(args);
    expect(kept()).toHaveLength(3);
  });

  it('has what each use of a form needs', () => {
    run(['cost', 'compare', 'xception']);
    const [first] = kept();
    run(['cost', '--json', 'missing.onnx']);
    run(['cost', 'models/mobilenet_v2_1.0_224.safetensors']);
    const [second] = kept();
    expect(second!.bytes.length).toBeGreaterThan(first!.bytes.length);
    run(['cost', 'compare', 'xception']);
    expect(kept()).toEqual([second]);
  });

  it('is not looked for in a store, nor below the current folder', () => {
    const store = join(home, 'store');
    expect(run(['cost'], { MOBILENET_HOME: store }).status).toBe(0);
    expect(existsSync(store)).toBe(false);
    const { XDG_CACHE_HOME: _, ...env } = process.env;
    const { status } = spawnSync(process.execPath, [program, 'cost'], { cwd: home, env: { ...env, HOME: '' } });
    expect([status, readdirSync(home)]).toEqual([0, ['mobilenet']]);
  });

  it('that is damaged, or another program’s, is replaced', () => {
    const first = run(classify);
    const { path, bytes } = kept()[0]!;
    const damaged = Buffer.from(bytes);
    damaged[bytes.length >> 1]! ^= 1;
    const ofOtherSource = Buffer.from(bytes);
    ofOtherSource[scriptsOf(bytes).find((each) => each.name === 'classify')!.source + 1000]! ^= 1;
    for (const content of [damaged, ofOtherSource, bytes.subarray(0, 1000), Buffer.alloc(0)]) {
      writeFileSync(path, content);
      expect(run(classify)).toEqual(first);
      expect(kept()[0]!.bytes.equals(content)).toBe(false);
      expect(kept()[0]!.bytes.length).toBeGreaterThan(100_000);
    }
  });

  it('is not kept of a start that failed, or where Node.js is told to keep none', () => {
    expect(run(['classify', 'missing.jpg']).status).toBe(3);
    expect(run(['cost'], { NODE_DISABLE_COMPILE_CACHE: '1' }).status).toBe(0);
    expect(kept()).toEqual([]);
  });

  it('that cannot be kept is not missed', () => {
    writeFileSync(join(home, 'mobilenet'), 'in the way');
    const { stdout, stderr, status } = run(['cost']);
    expect([stdout.length > 100, stderr, status]).toEqual([true, '', 0]);
  });
});
