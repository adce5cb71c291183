import { UsageError } from '../errors.js';
import { printable } from '../printable.js';

/** Whether a shell would have expanded it, had there been a match. */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

/**
 * A pattern as a test of names with `/` between folders: `*` and `?` stay within one name, a part `**` is any number of
 * folders, `[a-c]`, `[!a]` and `{jpg,png}` as in a shell, `\` takes the next character as it is.
 * Throws UsageError for brackets or braces without an end.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const expression = compile(pattern);
  return (name) => expression.test(name);
}

function compile(pattern: string): RegExp {
  const source = `^${translate(pattern)}$`;
  try {
    return new RegExp(source, 'su');
  } catch (cause) {
    throw new UsageError(
      `${printable(pattern)}: a pattern with a range that runs backwards, expected one such as [a-c]`,
      { cause },
    );
  }
}

/** The patterns that one with braces stands for, in its order, where a `/` is in some of them: `{2023,2024/raw}/*.jpg`. */
export function expandBraces(pattern: string): readonly string[] {
  const group = findGroup(pattern);
  if (!group) return [pattern];
  const [before, after] = [pattern.slice(0, group.start), pattern.slice(group.end + 1)];
  return group.choices.flatMap((choice) => expandBraces(`${before}${choice}${after}`));
}

/** The first pair of braces with a `/` between them. */
function findGroup(pattern: string): { start: number; end: number; choices: readonly string[] } | undefined {
  let depth = 0;
  let start = -1;
  let from = 0;
  let choices: string[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '{' && depth++ === 0) [start, from, choices] = [at, at + 1, []];
    else if (character === ',' && depth === 1) {
      choices.push(pattern.slice(from, at));
      from = at + 1;
    } else if (character === '}' && depth > 0 && --depth === 0) {
      choices.push(pattern.slice(from, at));
      if (pattern.slice(start, at).includes('/')) return { start, end: at, choices };
    }
  }
  return undefined;
}

/** The folder above the first part that is a pattern, as it was written. */
export function fixedPart(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  return parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '');
}

function translate(pattern: string): string {
  let text = '';
  let depth = 0;
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') {
      const atStart = at === 0 || characters[at - 1] === '/';
      if (atStart && characters[at + 1] === '*' && characters[at + 2] === '/') {
        text += '(?:[^/]+/)*';
        at += 2;
      } else if (atStart && characters[at + 1] === '*' && at + 2 === characters.length) {
        text += '.*';
        at += 1;
      } else text += '[^/]*';
    } else if (character === '?') text += '[^/]';
    else if (character === '[') {
      const end = characters.indexOf(']', at + (characters[at + 1] === '!' || characters[at + 1] === '^' ? 3 : 2));
      if (end < 0) throw unfinished(pattern, ']');
      if (characters.slice(at + 1, end).includes('[')) {
        throw new UsageError(
          `${printable(pattern)}: a pattern with [ in brackets, expected single signs and ranges such as [a-c]`,
        );
      }
      text += translateSet(characters.slice(at + 1, end));
      at = end;
    } else if (character === '{') {
      text += '(?:';
      depth++;
    } else if (character === '}' && depth > 0) {
      text += ')';
      depth--;
    } else if (character === ',' && depth > 0) text += '|';
    else if (character === '\\' && at + 1 < characters.length) text += quote(characters[++at]!);
    else text += quote(character);
  }
  if (depth > 0) throw unfinished(pattern, '}');
  return text;
}

function translateSet(characters: readonly string[]): string {
  const negated = characters[0] === '!' || characters[0] === '^';
  const members = (negated ? characters.slice(1) : characters).map((character) =>
    character === '-' ? '-' : quote(character),
  );
  // A dash at either end is a dash.
  const inner = members.join('').replace(/^-|-$/g, '\\-');
  return negated ? `[^/${inner}]` : `(?!/)[${inner}]`;
}

function quote(character: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function unfinished(pattern: string, end: string): UsageError {
  return new UsageError(`${printable(pattern)}: a pattern without its "${end}", expected one such as *.jpg`);
}
