import { Command } from 'commander';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';
import {
  comparedInputOptions,
  computationOptions,
  duplicatesOptions,
  duplicatesOutputOptions,
  errorOptions,
  groupOptions,
  modelOptions,
} from '../options/similar-options.js';

/** `mobilenet duplicates FILE|FOLDER|GLOB…` */
export function duplicatesCommand(): Command {
  const command = new Command('duplicates')
    .description('Find images that are nearly the same, or identical files. Nothing is deleted.')
    .argument(
      '[file...]',
      'images, folders or archives of images, patterns such as "*.jpg", or .npy files of mobilenet embed',
    );
  addOptions(command, groupOptions, 'Groups:');
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, computationOptions, 'Computation:');
  addOptions(command, comparedInputOptions, 'Inputs:');
  addOptions(command, duplicatesOutputOptions, 'Output:');
  addOptions(command, errorOptions, 'Errors:');
  return addHelpEnd(command, {
    notes:
      'Every image of a group is similar to the one that is kept. --keep largest keeps the image with the most pixels, then the' +
      '\nmost bytes, then the oldest; what is still equal is decided by name, so that the order of the files does not matter.' +
      '\nWith --against, images of the archive are always kept. Groups are sorted by the name of the image that is kept.',
    examples: [
      'mobilenet duplicates photos',
      'mobilenet duplicates photos --keep oldest --format paths -0 | xargs -0 mv -t duplicates',
      'mobilenet duplicates new-photos --against archive.npy --format jsonl',
    ],
  }).action(async (files: string[]) => {
    const { runDuplicates } = await import('./compare-run.js');
    process.exitCode = await runDuplicates(files, readOptions(command, duplicatesOptions));
  });
}
