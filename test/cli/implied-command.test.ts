import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withImpliedCommand } from '../../src/cli/start/implied-command.js';
import { otherWords } from '../../src/cli/unknown-command.js';
import { mobilenet } from './run.js';

const alps = 'test/photos/alps.jpg';

describe('a command line without a command', () => {
  let home: string;
  let before: string;
  beforeEach(() => {
    before = process.cwd();
    home = mkdtempSync(join(tmpdir(), 'mobilenet-implied-'));
    process.chdir(home);
    writeFileSync('photo', '');
    writeFileSync('cost', '');
    mkdirSync('holiday');
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(home, { recursive: true });
  });

  it.each([
    [['photo']],
    [['holiday', '--only', 'dog']],
    [['missing.jpg']],
    [['missing/photo']],
    [['-k', '3', 'photo']],
    [['--json', 'photo']],
    [['-']],
    [['--', '-photo']],
    [['https://example.org/photo']],
    [['./cost']],
  ])('%j classifies', (args) => {
    expect(withImpliedCommand(args)).toEqual(['classify', ...args]);
  });

  it.each([[['cost']], [['help']], [['--help']], [['-V']], [[]], [['learn']], [['classify', 'photo']]])(
    '%j stays as it is',
    (args) => {
      expect(withImpliedCommand(args)).toBe(args);
    },
  );

  it('knows no other word for a command that is one already', () => {
    const words = Object.values(otherWords).flat();
    expect(new Set(words).size).toBe(words.length);
    for (const word of words) expect(withImpliedCommand([word, '--help'])).toEqual([word, '--help']);
    for (const command of Object.keys(otherWords)) {
      expect(mobilenet(...command.split(' '), '--help')).toMatchObject({ code: 0, stderr: '' });
    }
  });
});

describe('mobilenet PHOTO', () => {
  it('gives what classify gives', () => {
    const rows = mobilenet('classify', alps, '--format', 'csv').stdout;
    expect(rows.split('\n')).toHaveLength(7);
    expect(mobilenet(alps, '-f', 'csv')).toEqual({ code: 0, stderr: '', stdout: rows });
    expect(mobilenet('-fcsv', '-m', 'mobilenet_v2', '-r224', '-t1', alps).stdout).toBe(rows);
    expect(mobilenet('-q', '-j', '1', '-k', '2', '-f', 'csv', alps).stdout).toBe(
      rows.split('\n', 3).join('\n').concat('\n'),
    );
  });

  it('says where options belong that stand before a command', () => {
    expect(mobilenet('-k', '3', 'cost')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'mobilenet: cost: options must come after “cost”; if it is a file, name it ./cost\n',
    });
  });
});
