import type { CommandReference, OptionReference } from './read-reference.js';

/** The page of `man mobilenet`, in roff's man macros. */
export function manPage(program: CommandReference, version: string): string {
  const lines = [
    `'\\" -*- coding: utf-8 -*-`,
    '.\\" Written by npm run docs:man from the tables of options.',
    `.TH MOBILENET 1 "" "mobilenet ${version}" "User Commands"`,
    '.SH NAME',
    `mobilenet \\- ${lowerFirst(text(program.summary)).replace(/\.$/, '')}`,
    '.SH SYNOPSIS',
    '.B mobilenet',
    text('[options] image...'),
    '.br',
    '.B mobilenet',
    text('command [options] [arguments]'),
    '.SH DESCRIPTION',
    text(program.summary),
    text('Without a command, images are classified. Results go to standard output, messages to standard error.'),
    ...options(program.options),
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => commandLines(command, '')),
    ...notes(program.notes, '.SH "EXIT CODES"'),
    ...examples(program.examples, '.SH EXAMPLES'),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(command: CommandReference, parent: string): string[] {
  const path = `${parent}${command.name}`;
  const terms = command.arguments.map(({ term }) => term);
  return [
    `.SS "mobilenet ${text([path, '[options]', ...terms].join(' '))}"`,
    text(command.summary),
    ...command.arguments.flatMap(({ term, help }) => ['.TP', `.I ${text(term)}`, text(help)]),
    ...options(command.options),
    ...notes(command.notes, '.PP'),
    ...examples(command.examples, '.PP\nExamples:'),
    ...command.commands.flatMap((each) => commandLines(each, `${path} `)),
  ];
}

function options(list: readonly OptionReference[]): string[] {
  let last: string | undefined;
  return list.flatMap(({ short, long, value, help, heading }) => {
    const isNew = heading !== last;
    last = heading;
    const flags = [short, long].filter((flag) => flag !== undefined).map((flag) => `\\fB${text(flag)}\\fR`);
    const term = `${flags.join(', ')}${value === undefined ? '' : ` \\fI${text(value)}\\fR`}`;
    return [...(isNew && heading !== undefined ? ['.PP', text(heading)] : []), '.TP', term, text(help)];
  });
}

function notes(words: string | undefined, heading: string): string[] {
  if (words === undefined) return [];
  return [
    heading,
    '.nf',
    ...words
      .replace(/^Exit codes:\n/, '')
      .split('\n')
      .map(text),
    '.fi',
  ];
}

function examples(list: readonly string[], heading: string): string[] {
  return list.length === 0 ? [] : [heading, '.PP', '.RS 4', '.nf', ...list.map(text), '.fi', '.RE'];
}

/** Nothing of it is a request or an escape of roff. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
    .replaceAll('"', '\\(dq');
}

function lowerFirst(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1);
}
