import { Command } from 'commander';
import { addHelpEnd } from '../options/help-end.js';
import { mergeOptions } from '../options/merge-options.js';
import { addOptions, readOptions } from '../options/option-table.js';

/** `mobilenet merge PART…` */
export function mergeCommand(): Command {
  const command = new Command('merge')
    .description('Combine JSONL results of classify; if a file name occurs more than once, its first row is kept.')
    .argument('<part...>', 'JSONL files, or - for stdin');
  addOptions(command, mergeOptions);
  return addHelpEnd(command, {
    notes:
      'Exits with 1 if any row is an error, with 74 if a part ends with an incomplete row, or if parts are missing, not' +
      '\nfinished or do not belong together (--expect).',
    examples: [
      'mobilenet merge parts/*.jsonl > all.jsonl',
      'mobilenet merge parts/*.jsonl --expect 64 --output all.jsonl',
      'mobilenet merge all.jsonl --output all.csv',
      'mobilenet merge monday.jsonl tuesday.jsonl --json',
    ],
  }).action(async (parts: string[]) => {
    const { runMerge } = await import('./merge-run.js');
    process.exitCode = await runMerge(parts, readOptions(command, mergeOptions));
  });
}
