import { Command } from 'commander';
import {
  computationOptions,
  embedErrorOptions,
  embedInputOptions,
  embedOptions,
  embedOutputOptions,
  modelOptions,
  vectorOptions,
} from '../options/embed-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';

/** `mobilenet embed FILE|FOLDER|GLOB…` */
export function embedCommand(): Command {
  const command = new Command('embed')
    .description('Write a vector of features for each image, for search, clustering or a classifier of your own.')
    .argument(
      '[file...]',
      'images, folders or archives of images, patterns such as "*.jpg", or - for one image on stdin',
    );
  addOptions(command, vectorOptions, 'Vectors:');
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, computationOptions, 'Computation:');
  addOptions(command, embedInputOptions, 'Inputs:');
  addOptions(command, embedOutputOptions, 'Output:');
  addOptions(command, embedErrorOptions, 'Errors:');
  return addHelpEnd(command, {
    notes:
      'With --output F.npy, row i of the matrix belongs to the i-th image in F.names.jsonl that has no error. The first line' +
      '\nof F.names.jsonl says which model, layer and preprocessing the vectors come from. In JSONL every row does.',
    examples: [
      'mobilenet embed photos --output photos.npy',
      'mobilenet embed photos --output photos.npy --resume',
      'mobilenet embed photo.jpg --raw',
    ],
  }).action(async (files: string[]) => {
    const { runEmbed } = await import('./embed-run.js');
    process.exitCode = await runEmbed(files, readOptions(command, embedOptions));
  });
}
