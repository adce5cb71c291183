import { Command } from 'commander';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';
import {
  comparedInputOptions,
  computationOptions,
  errorOptions,
  modelOptions,
  searchOptions,
  similarOptions,
  similarOutputOptions,
} from '../options/similar-options.js';

/** `mobilenet similar QUERY… --in F.npy|FOLDER` */
export function similarCommand(): Command {
  const command = new Command('similar')
    .description('Find the images that are most similar to an image.')
    .argument('[query...]', 'images to search for: files, folders, patterns, .npy files, or - for one image on stdin');
  addOptions(command, searchOptions, 'Search:');
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, computationOptions, 'Computation:');
  addOptions(command, comparedInputOptions, 'Inputs:');
  addOptions(command, similarOutputOptions, 'Output:');
  addOptions(command, errorOptions, 'Errors:');
  return addHelpEnd(command, {
    notes:
      'Similarity is the cosine of the angle between the two feature vectors: 1 for the same picture, usually below 0.8 for' +
      '\npictures of different things. All images are compared; the search is exact. A query does not find itself.',
    examples: [
      'mobilenet similar photo.jpg --in photos',
      'mobilenet embed photos --output photos.npy && mobilenet similar photo.jpg --in photos.npy',
      'mobilenet similar photo.jpg --in photos --min 0.8 --format paths',
    ],
  }).action(async (queries: string[]) => {
    const { runSimilar } = await import('./compare-run.js');
    process.exitCode = await runSimilar(queries, readOptions(command, similarOptions));
  });
}
