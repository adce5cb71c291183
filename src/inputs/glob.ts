import { elementAt } from '../errors/element-at.js';
import { UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { isGlob } from './glob-signs.js';

/** A bracket or a brace without its end: a shell takes such a text for a plain name. */
export class UnfinishedPattern extends UsageError {}

/**
 * A pattern as a test of names with `/` between folders: `*` and `?` stay within one name, a part `**` is any number of
 * folders, `[a-c]`, `[!a]` and `{jpg,png}` as in a shell, `\` takes the next character as it is.
 * Throws UnfinishedPattern for brackets or braces without an end, UsageError for sets that are none.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const source = `^${translate(pattern)}$`;
  let expression: RegExp;
  try {
    expression = new RegExp(source, 'su');
  } catch (cause) {
    throw new UsageError(
      {
        where: printable(pattern),
        problem: 'the pattern has a range that runs backwards',
        expected: 'one such as [a-c]',
      },
      { cause },
    );
  }
  return (name) => expression.test(name);
}

/** More patterns than anybody writes. */
const MOST_PATTERNS = 1000;

/**
 * The patterns that one with braces stands for, in its order, where that matters to what a part is: where a choice has a `/`
 * or begins with a dot, as in `{2023,2024/raw}/*.jpg`. Throws UsageError where they are more than MOST_PATTERNS.
 */
export function expandBraces(pattern: string): readonly string[] {
  let waiting = [pattern];
  const done: string[] = [];
  while (waiting.length > 0) {
    const [first, ...rest] = waiting as [string, ...string[]];
    const group = findGroup(first);
    if (group) {
      const [before, after] = [first.slice(0, group.start), first.slice(group.end + 1)];
      waiting = [...group.choices.map((choice) => `${before}${choice}${after}`), ...rest];
    } else {
      done.push(first);
      waiting = rest;
    }
    if (done.length + waiting.length > MOST_PATTERNS) {
      throw new UsageError({
        where: printable(pattern),
        problem: `expands to more than ${MOST_PATTERNS} patterns`,
      });
    }
  }
  return done;
}

/** The first pair of braces that is to be expanded. */
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
      if (/\/|[{,]\./.test(pattern.slice(start, at))) return { start, end: at, choices };
    }
  }
  return undefined;
}

/** The folder above the first part that is a pattern, as it was written. */
export function fixedPart(pattern: string): string {
  const parts = pattern.split('/');
  const folder = parts.slice(0, parts.findIndex(isGlob)).join('/');
  // A root, also of a drive, is not the folder that one is in there.
  const isRoot = folder === '' ? pattern.startsWith('/') : process.platform === 'win32' && /^[a-z]:$/i.test(folder);
  return isRoot ? `${folder}/` : folder;
}

function translate(pattern: string): string {
  let text = '';
  let depth = 0;
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = elementAt(characters, at);
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
      if (/\[[:.=]/.test(characters.slice(at + 1, end).join(''))) {
        throw new UsageError({
          where: printable(pattern),
          problem: 'named character classes are not supported',
          expected: 'characters and ranges such as [a-c]',
        });
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
    else if (character === '\\' && at + 1 < characters.length) text += quote(elementAt(characters, ++at));
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
  return new UnfinishedPattern({
    where: printable(pattern),
    problem: `the pattern has no closing "${end}"`,
  });
}
