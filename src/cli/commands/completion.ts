import { Argument, Command } from 'commander';
import { listOf } from '../../domain/option-rules.js';
import { UsageError } from '../../errors/errors.js';
import { addHelpEnd } from '../options/help-end.js';
import { completionScript, shells } from '../reference/completion-scripts.js';
import { readReference } from '../reference/read-reference.js';

/**
 * `mobilenet completion SHELL`
 * @param loadProgram the program with all of its commands
 */
export function completionCommand(loadProgram: () => Promise<Command>): Command {
  const command = new Command('completion')
    .description('Print a script that makes a shell complete commands, options and their values.')
    .addArgument(Object.assign(new Argument('<shell>', 'the shell'), { argChoices: [...shells] }));
  return addHelpEnd(command, {
    notes:
      'The script completes at once in the shell that reads it; add the line to the shell’s start-up file to keep it.',
    examples: [
      'source <(mobilenet completion bash)',
      'source <(mobilenet completion zsh)',
      'mobilenet completion fish | source',
    ],
  }).action(async (word: string) => {
    const shell = shells.find((each) => each === word);
    if (shell === undefined) throw new UsageError({ where: `completion ${word}`, expected: listOf(shells) });
    process.stdout.write(completionScript(shell, await readReference(await loadProgram())));
  });
}
