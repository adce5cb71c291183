import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { program, root } from './run.js';
import { hasShellTools } from './shell-tools.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-recipes-'));
  mkdirSync(join(folder, 'many'));
  const photos = ['airplane', 'allium', 'alps', 'boats'].map((name) => join(root, `test/photos/${name}.jpg`));
  for (let index = 0; index < 40; index++) symlinkSync(photos[index % 4]!, join(folder, `many/${index}.jpg`));
  writeFileSync(join(folder, 'many/7.broken.jpg'), 'no picture');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The first command of a document that begins like this, up to an empty line or the end of its block. */
function recipe(document: string, start: string): string {
  const text = readFileSync(join(root, document), 'utf8');
  const from = text.indexOf(`\n${start}`);
  if (from < 0) throw new Error(`${document}: no command that begins with ${start}`);
  return text.slice(from + 1, text.indexOf('```', from));
}

/** Runs a recipe as it is written, in a folder that has `photos`, with the program on the path. */
function follow(script: string, cwd: string, more: Readonly<Record<string, string>> = {}) {
  const bin = join(cwd, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'mobilenet'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, ...more, PATH: `${bin}:${process.env.PATH}` };
  return spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8', env });
}

const has = (...command: [string, string]) =>
  spawnSync('sh', ['-c', `${command[0]} --version`]).stdout.includes(command[1]);

describe('recipes, as they are written', () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(folder, 'recipe-'));
    symlinkSync(join(folder, 'many'), join(place, 'photos'));
  });

  it.skipIf(!has('jq', 'jq'))('docs/batches.md: find | mobilenet | jq', () => {
    const [line] = recipe('docs/batches.md', 'find photos').split('\n');
    const { stdout } = follow(line!.replace('find photos', 'find photos/'), place);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(40);
    expect(lines.filter((each) => each.startsWith('alp\tphotos/'))).toHaveLength(10);
  });

  it.skipIf(!hasShellTools)('README: pictures of a group are moved', () => {
    const [line] = recipe('README.md', 'mobilenet photos --only dog').split('\n');
    mkdirSync(join(place, 'dogs'));
    follow(line!.replace('--only dog', '--only "geological formation"').replace('mv', 'cp'), place);
    expect(readdirSync(join(place, 'dogs'))).toHaveLength(10);
  });
});
