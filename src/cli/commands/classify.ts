import { Command } from 'commander';
import { computationOptions, errorOptions, inputOptions, modelOptions } from '../options/batch-options.js';
import { classifyOptions, outputOptions, predictionOptions } from '../options/classify-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';
import { runClassify } from './classify-run.js';

/** `mobilenet classify FILE|FOLDER|GLOB…` */
export function classifyCommand(): Command {
  const command = new Command('classify')
    .description('Classify images: JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PPM, ICO, HEIC or camera raw (its preview).')
    .argument(
      '[file...]',
      'images, folders or archives of images, patterns such as "*.jpg", or - for one image on stdin',
    );
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, computationOptions, 'Computation:');
  addOptions(command, inputOptions, 'Inputs:');
  addOptions(command, predictionOptions, 'Predictions:');
  addOptions(command, outputOptions, 'Output:');
  addOptions(command, errorOptions, 'Errors:');
  return addHelpEnd(command, {
    notes:
      '--group answers with the most specific group of classes (WordNet’s) that is nearly certain: it goes down from the most' +
      '\ngeneral group as long as one part of a group has at least 90 % of its probability. Further rows are the groups that' +
      '\nare left. --only and --not choose classes before they are added up, --min chooses rows after.',
    examples: [
      'mobilenet classify photo.jpg',
      'mobilenet classify photos --only dog --format paths',
      'mobilenet classify photos --output photos.jsonl --resume',
      "mobilenet classify 'data-{000000..000099}.tar' --with-fields caption -o rows.jsonl",
    ],
  }).action(async (files: string[]) => {
    process.exitCode = await runClassify(files, readOptions(command, classifyOptions));
  });
}
