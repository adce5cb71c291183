import { Command } from 'commander';
import { addHelpEnd } from '../options/help-end.js';
import {
  learnedOptions,
  learnInputOptions,
  learnOptions,
  learnOutputOptions,
  trainingOptions,
} from '../options/learn-options.js';
import { addOptions, readOptions } from '../options/option-table.js';

/** `mobilenet learn FOLDER --as NAME` */
export function learnCommand(): Command {
  const command = new Command('learn')
    .description('Learn your own classes from a folder of images for each class, and install the model.')
    .argument('<folder>', 'a folder with one folder of images for each class');
  addOptions(command, learnedOptions, 'Model:');
  addOptions(command, trainingOptions, 'Learning:');
  addOptions(command, learnInputOptions, 'Inputs:');
  addOptions(command, learnOutputOptions, 'Output:');
  return addHelpEnd(command, {
    notes:
      'The network stays as it is; a new last layer is fitted to the features that it computes of your images. Features are' +
      '\ncached, so that learning again with a few more images is quick. Images that are unlike all that were learned from are' +
      '\nclassified as “unknown”.',
    examples: [
      'mobilenet learn flowers --as flowers',
      'mobilenet classify --model flowers rose.jpg',
      'mobilenet learn flowers --as flowers --replace --model efficientnet_b0',
      'mobilenet learn train --as flowers --test val --json',
    ],
  }).action(async (folder: string) => {
    const { runLearn } = await import('./learn-run.js');
    process.exitCode = await runLearn(folder, readOptions(command, learnOptions));
  });
}
