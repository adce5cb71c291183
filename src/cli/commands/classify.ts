import { Command } from 'commander';
import {
  classifyOptions,
  computationOptions,
  errorOptions,
  inputOptions,
  modelOptions,
  outputOptions,
  predictionOptions,
} from '../options/classify-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';

/** `mobilenet classify FILE|FOLDER|GLOB…` */
export function classifyCommand(): Command {
  const command = new Command('classify')
    .description('Classify images: JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PPM, ICO or HEIC.')
    .argument('[file...]', 'images, folders of images, patterns such as "*.jpg", or - for one image on stdin');
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, computationOptions, 'Computation:');
  addOptions(command, inputOptions, 'Inputs:');
  addOptions(command, predictionOptions, 'Predictions:');
  addOptions(command, outputOptions, 'Output:');
  addOptions(command, errorOptions, 'Errors:');
  return addHelpEnd(command, {
    examples: [
      'mobilenet classify photo.jpg',
      'mobilenet classify photos --only dog --format paths',
      'mobilenet classify photos --output photos.jsonl --resume',
    ],
  }).action(async (files: string[]) => {
    const { runClassify } = await import('./classify-run.js');
    process.exitCode = await runClassify(files, readOptions(command, classifyOptions));
  });
}
