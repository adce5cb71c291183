import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadProgram } from '../../src/cli/program.js';
import { completionScript, shells } from '../../src/cli/reference/completion-scripts.js';
import { manPage } from '../../src/cli/reference/man-page.js';
import { markdownPage } from '../../src/cli/reference/markdown-page.js';
import { type CommandReference, readReference } from '../../src/cli/reference/read-reference.js';
import { mobilenet, root } from './run.js';

const program = await readReference(await loadProgram());
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-completion-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** What bash offers for the words, the last of which is being typed. */
function bashOffers(...words: readonly string[]): readonly string[] {
  const list = ['mobilenet', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${completionScript('bash', program)}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _mobilenet; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(!has('bash'))('completion in bash', () => {
  it('offers commands and subcommands', () => {
    expect(bashOffers('c')).toEqual(['classify', 'cost', 'completion']);
    expect(bashOffers('models', '')).toEqual(['verify', 'remove', 'export', 'path']);
    expect(bashOffers('completion', 'z')).toEqual(['zsh']);
  });

  it('offers the options of the command, of classify where there is none', () => {
    expect(bashOffers('merge', '--o')).toEqual(['--output', '--overwrite']);
    expect(bashOffers('cost', 'sweep', '--al')).toEqual(['--alphas']);
    expect(bashOffers('photo.jpg', '--gr')).toEqual(['--group']);
    expect(bashOffers('--gr')).toEqual(['--group']);
  });

  it('offers the values of an option, behind a space or an equals sign', () => {
    expect(bashOffers('classify', '--dtype', '')).toEqual(['f32', 'int8']);
    expect(bashOffers('classify', '-f', 'json')).toEqual(['json', 'jsonl']);
    expect(bashOffers('classify', '--dtype', '=', 'i')).toEqual(['int8']);
    expect(bashOffers('classify', '--dtype', '=')).toEqual(['f32', 'int8']);
    expect(bashOffers('-m', 'xc')).toEqual(['xception']);
  });

  it('leaves files to bash', () => {
    expect(bashOffers('photo')).toEqual([]);
    expect(bashOffers('classify', '--output', '')).toEqual([]);
    expect(bashOffers('photo.jpg', 'cost', '--alp')).toEqual(['--alpha']);
  });
});

describe.each(shells)('completion in %s', (shell) => {
  it.skipIf(!has(shell))('is a script without errors', () => {
    const file = join(folder, `completion.${shell}`);
    writeFileSync(file, completionScript(shell, program));
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('has every option', () => {
    const script = completionScript(shell, program);
    for (const { long } of program.commands.flatMap(({ options }) => options)) {
      expect(script).toContain(shell === 'fish' ? ` -l ${long.slice(2)} ` : long);
    }
  });
});

describe('mobilenet completion', () => {
  it('prints the script', () => {
    const { stdout, stderr, code } = mobilenet('completion', 'bash');
    expect([stdout, stderr, code]).toEqual([completionScript('bash', program), '', 0]);
  });

  it('refuses a shell that it does not know: exit 2', () => {
    expect(mobilenet('completion', 'tcsh')).toEqual({
      stdout: '',
      stderr: 'mobilenet: completion tcsh: expected bash, zsh or fish\n',
      code: 2,
    });
  });
});

it('man/mobilenet.1 and docs/commands.md are what “npm run docs:man” writes', () => {
  const { version, man } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(readFileSync(join(root, man), 'utf8')).toBe(manPage(program, version));
  expect(readFileSync(join(root, 'docs/commands.md'), 'utf8')).toBe(markdownPage(program));
});

it.skipIf(!has('groff'))('man/mobilenet.1 is roff without warnings, with every option', () => {
  const page = join(folder, 'mobilenet.1');
  writeFileSync(page, readFileSync(join(root, 'man/mobilenet.1')));
  const args = ['-man', '-K', 'utf8', '-T', 'utf8', '-w', 'w', '-P', '-cbou', '-r', 'LL=200n', page];
  const { stdout, stderr } = spawnSync('groff', args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const text = stdout.replace(/[−‐]/g, '-');
  for (const { long } of program.commands.flatMap(({ options }) => options)) expect(text).toContain(long);
});

describe('help', () => {
  const all = (command: CommandReference): CommandReference[] => [command, ...command.commands.flatMap(all)];

  it.each(all(program).map((command) => [command.name, command] as const))(
    '%s ends with three or four examples',
    (_, command) => {
      expect([3, 4]).toContain(command.examples.length);
    },
  );

  it('has examples whose options exist', async () => {
    const options = new Set(all(program).flatMap((command) => command.options.map(({ long }) => long)));
    for (const example of all(program).flatMap(({ examples }) => examples)) {
      for (const [, option] of example.matchAll(/ (--[a-z-]+)/g)) expect(options).toContain(option);
    }
  });

  it('has one meaning for a short option', async () => {
    const meanings = new Map<string, string>();
    const check = ({ short, long }: { readonly short?: string; readonly long: string }) => {
      if (short === undefined || short === '-0') return;
      expect(meanings.get(short) ?? long).toBe(long);
      meanings.set(short, long);
    };
    for (const command of all(program)) command.options.forEach(check);
    expect(Object.fromEntries(meanings)).toMatchObject({
      '-m': '--model',
      '-k': '--top',
      '-o': '--output',
      '-f': '--format',
      '-j': '--jobs',
      '-q': '--quiet',
      '-t': '--threads',
      '-r': '--res',
    });
    const shortOf = new Map([...meanings].map(([short, long]) => [long, short]));
    for (const { long, short } of all(program).flatMap(({ options }) => options)) {
      if (shortOf.has(long)) expect(short).toBe(shortOf.get(long));
    }
  });
});
