import type { Command } from 'commander';

/** What stands under the options in the help of a command, and in the man page. */
export interface HelpEnd {
  /** Lines of at most 120 characters. */
  readonly notes?: string;
  /** Command lines that a newcomer can type. */
  readonly examples: readonly string[];
}

/** On the command itself: each script of the build has a copy of this module. */
interface Described {
  helpEnd?: HelpEnd;
}

/** Puts notes and examples at the end of a command's help. */
export function addHelpEnd(command: Command, end: HelpEnd): Command {
  (command as Described).helpEnd = end;
  const notes = end.notes === undefined ? '' : `\n${end.notes}\n`;
  const examples = end.examples.map((line) => `\n  ${line}`).join('');
  return command.addHelpText('after', `${notes}\nExamples:${examples}`);
}

export function helpEndOf(command: Command): HelpEnd | undefined {
  return (command as Described).helpEnd;
}
