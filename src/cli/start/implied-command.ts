import { existsSync } from 'node:fs';

/** In the order of the help. */
export const commandNames = [
  'classify',
  'learn',
  'embed',
  'similar',
  'duplicates',
  'explain',
  'evaluate',
  'merge',
  'cost',
  'models',
  'pull',
  'import',
  'bench',
  'completion',
] as const;
export type CommandName = (typeof commandNames)[number];

/** What stands first on a command line and is no command's. */
const programWords: readonly string[] = ['help', '-h', '--help', '-V', '--version'];

/** Whether commander knows what to do: nothing at all prints the help. */
export function startsWithKnownWord([first]: readonly string[]): boolean {
  return first === undefined || isCommandName(first) || programWords.includes(first);
}

export function isCommandName(word: string): word is CommandName {
  return (commandNames as readonly string[]).includes(word);
}

/**
 * `photo.jpg` is `classify photo.jpg`: the first argument is an option, exists, or has a dot or a slash. A command wins over a
 * file of its name. A word that is none of these stays what it is: a command that there is not.
 */
export function withImpliedCommand(args: readonly string[]): readonly string[] {
  const [first] = args;
  if (first === undefined || startsWithKnownWord(args)) return args;
  return first.startsWith('-') || /[./\\]/.test(first) || existsSync(first) ? ['classify', ...args] : args;
}
