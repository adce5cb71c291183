import type { CommandReference, OptionReference } from './read-reference.js';

/** docs/commands.md: the help of every command, with a table for each group of options. */
export function markdownPage(program: CommandReference): string {
  const lines = [
    '# Commands and options',
    '',
    'This page is written by `npm run docs:man` from the tables of options, like `mobilenet COMMAND --help` and `man mobilenet`. Without a command, images are classified: `mobilenet photo.jpg`. Results go to stdout, messages to stderr. [Exit codes](exit-codes.md) are the same for all commands.',
    '',
    ...program.commands.flatMap((command) => commandLines(command, 'mobilenet ', 2)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function commandLines(command: CommandReference, parent: string, depth: number): string[] {
  const path = `${parent}${command.name}`;
  const usage = [path, '[options]', ...command.arguments.map(({ term }) => term)].join(' ');
  return [
    `${'#'.repeat(depth)} ${path}`,
    '',
    escaped(command.summary),
    '',
    '```sh',
    usage,
    ...command.examples,
    '```',
    '',
    ...command.arguments.map(({ term, help }) => `- \`${term}\`: ${escaped(help)}`),
    ...(command.arguments.length > 0 ? [''] : []),
    ...optionTables(command.options.filter(({ long }) => long !== '--help')),
    ...(command.notes === undefined ? [] : ['```', command.notes, '```', '']),
    ...command.commands.flatMap((each) => commandLines(each, `${path} `, depth + 1)),
  ];
}

/** A table for each heading. */
function optionTables(options: readonly OptionReference[]): string[] {
  const headings = [...new Set(options.map(({ heading }) => heading))];
  return headings.flatMap((heading) => [
    `| ${heading?.replace(/:$/, '') ?? 'Options'} | |`,
    '|---|---|',
    ...options.filter((option) => option.heading === heading).map(row),
    '',
  ]);
}

function row({ short, long, value, help }: OptionReference): string {
  const flags = [short, long].filter((flag) => flag !== undefined).join(', ');
  return `| \`${`${flags} ${value ?? ''}`.trim()}\` | ${escaped(help)} |`;
}

/** Nothing of it is Markdown, or the end of a cell. */
function escaped(words: string): string {
  return words.replaceAll(/[|<>*_\\]/g, (mark) => (mark === '<' ? '&lt;' : mark === '>' ? '&gt;' : `\\${mark}`));
}
