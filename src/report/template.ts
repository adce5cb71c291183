import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import type { Answer } from './answers.js';

export interface TemplateValues {
  /** The name's bytes, as they are to be printed, and as they are. */
  readonly file: Buffer;
  readonly exactFile: Buffer;
  readonly answer: Answer;
}

type Part = Buffer | ((values: TemplateValues) => Buffer);

const fields: Readonly<Record<string, (values: TemplateValues) => string | Buffer>> = {
  file: ({ file }) => file,
  rank: ({ answer }) => String(answer.rank),
  index: ({ answer }) => String(answer.index ?? ''),
  id: ({ answer }) => answer.id ?? '',
  label: ({ answer }) => printable(answer.label),
  probability: ({ answer }) => String(answer.probability ?? ''),
  percent: ({ answer }) => (answer.probability === null ? '' : (100 * answer.probability).toFixed(1)),
};

/**
 * `{file}`, `{label}` and so on are replaced, once: what comes in is text and never looked at again. `{file:q}` quotes it for
 * a POSIX shell. `\t`, `\n`, `\\`, and `{{`, `}}` for braces. Throws UsageError for a field that there is not.
 */
export function compileTemplate(template: string): (values: TemplateValues) => Buffer {
  const parts: Part[] = [];
  const tokens = template.matchAll(/\\(.)|\{\{|\}\}|\{(\w+)(?::(\w*))?\}|[{}]|[^\\{}]+|\\$/gs);
  for (const [all, escaped, name, how] of tokens) {
    if (how !== undefined && how !== 'q') {
      throw new UsageError({
        where: `--print ${printable(all)}`,
        problem: 'unknown modifier',
        expected: `{${name}} or {${name}:q}`,
      });
    }
    if (name !== undefined) parts.push(fieldOf(name, how === 'q'));
    else if (all === '{{' || all === '}}') parts.push(Buffer.from(all.slice(1)));
    else if (all === '{' || all === '}') {
      throw new UsageError({
        where: '--print',
        problem: `unmatched ${all}`,
        expected: `a field such as {file}, or ${all}${all} for a literal brace`,
      });
    } else parts.push(Buffer.from(escaped === undefined ? all : escapeOf(escaped)));
  }
  return (values) => Buffer.concat(parts.map((part) => (typeof part === 'function' ? part(values) : part)));
}

function fieldOf(name: string, quoted: boolean): Part {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!field) {
    throw new UsageError({
      where: `--print {${name}}`,
      problem: 'unknown field',
      expected: `one of ${Object.keys(fields).join(', ')}`,
    });
  }
  if (!quoted) return (values) => Buffer.from(field(values));
  // In quotes a shell takes every sign as it is: what stands for one by an escape would be another file's name.
  const exact = name === 'file' ? ({ exactFile }: TemplateValues) => exactFile : field;
  // A character for each byte, since not all are UTF-8.
  return (values) => {
    const text = Buffer.from(exact(values)).toString('latin1');
    return Buffer.from(`'${text.replaceAll("'", "'\\''")}'`, 'latin1');
  };
}

function escapeOf(character: string): string {
  const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', '\\': '\\' };
  return escapes[character] ?? `\\${character}`;
}
