import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { costOptions } from '../../src/cli/commands/cost.js';
import { explainOptions } from '../../src/cli/commands/cost-explain.js';
import { sweepOptions } from '../../src/cli/commands/cost-sweep.js';
import { classifyOptions } from '../../src/cli/options/classify-options.js';
import { mergeOptions } from '../../src/cli/options/merge-options.js';
import { oneOf, repeated, required, text, wholeNumber, withDefault } from '../../src/cli/options/option-kinds.js';
import { addOptions, type OptionTable, readOptions } from '../../src/cli/options/option-table.js';
import { UsageError } from '../../src/errors/errors.js';

function parse<Table extends OptionTable>(table: Table, args: readonly string[]) {
  const command = addOptions(new Command('test'), table).exitOverride();
  command.parse(args, { from: 'user' });
  return readOptions(command, table);
}

/** One of these is a value of any option that takes one. */
const samples = ['1', '0.5', '1/2', 'text', 'csv', 'f32', 'center', 'lanczos3', 'paper', 'folded', 'kind', 'imagenet'];

describe.each<[string, OptionTable]>([
  ['classify', classifyOptions],
  ['merge', mergeOptions],
  ['cost', costOptions],
  ['cost sweep', sweepOptions],
  ['cost explain', explainOptions],
])('options of %s', (_, table) => {
  const rows = Object.entries(table);

  it('have flags of their own', () => {
    const flags = rows.flatMap(([, row]) => row.flags.replace(/ <.*/, '').split(', '));
    expect(new Set(flags).size).toBe(flags.length);
  });

  it.each(rows)('%s is read under its name in the table', (name, row) => {
    const flag = row.flags.replace(/ <.*/, '').split(', ').at(-1)!;
    if (!row.parse) {
      expect(parse(table, [flag])).toHaveProperty(name, !flag.startsWith('--no-'));
      return;
    }
    const value = samples.find((sample) => {
      try {
        parse(table, [flag, sample]);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
        return false;
      }
    });
    expect(parse(table, [flag, value!])).toHaveProperty(name);
  });
});

describe('a table of options', () => {
  const table = {
    count: withDefault(wholeNumber('--count <n>', 'how many', { unit: 'things', most: 9 }), 3),
    kind: oneOf('--kind <kind>', 'which (%s)', ['a', 'b', 'c']),
    names: repeated('--name <name>', 'what they are called', 2),
    title: text('--title <text>', 'what it is called'),
  };

  it('has only what was given, and defaults', () => {
    expect(parse(table, [])).toEqual({ count: 3 });
    expect(parse(table, ['--count', '9', '--kind', 'b', '--name', 'x', '--name', 'y'])).toEqual({
      ...{ count: 9, kind: 'b', names: ['x', 'y'] },
    });
  });

  it.each([
    [['--count', '10'], '--count 10: expected a whole number of things from 1 to 9'],
    [['--count', '1.5'], '--count 1.5: expected a whole number of things from 1 to 9'],
    [['--kind', 'd\n'], '--kind d\\n: expected a, b or c'],
    [['--name', 'x', '--name', 'y', '--name', 'z'], '--name z: given more than 2 times'],
  ])('%j is refused in one line', (args, message) => {
    expect(() => parse(table, args)).toThrow(expect.objectContaining({ name: 'UsageError', message }));
  });

  it('can require an option', () => {
    expect(() => parse({ title: required(table.title) }, [])).toThrow(/--title/);
  });

  it('lists choices and defaults in the help', () => {
    const help = addOptions(new Command('test'), table).helpInformation().replace(/\s+/g, ' ');
    expect(help).toContain('how many (default: 3)');
    expect(help).toContain('which (a, b or c)');
  });
});
