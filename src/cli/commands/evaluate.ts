import { Command } from 'commander';
import {
  computationOptions,
  evaluateErrorOptions,
  evaluateInputOptions,
  evaluateOptions,
  modelOptions,
  reportOptions,
  truthOptions,
} from '../options/evaluate-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';

/** `mobilenet evaluate FOLDER` */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measure how good a model is on images whose classes are known: accuracy, F1, calibration, mistakes.')
    .argument(
      '[folder...]',
      'folders with a folder of images for each class, or archives of such folders or of WebDataset samples',
    );
  addOptions(command, truthOptions, 'True classes:');
  addOptions(command, reportOptions, 'Report:');
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, computationOptions, 'Computation:');
  addOptions(command, evaluateInputOptions, 'Inputs:');
  addOptions(command, evaluateErrorOptions, 'Errors:');
  return addHelpEnd(command, {
    notes:
      'True classes are matched with those of the model by name, never by order: by label or one of its names, synset id or' +
      '\ngroup such as dog, which every dog is right for. Case, spaces, hyphens and underscores do not matter. A name that' +
      '\nfits no class, or several, is an error.',
    examples: [
      'mobilenet evaluate val',
      'mobilenet evaluate val --model flowers --errors errors.jsonl',
      'mobilenet evaluate photos --truth truth.csv --at-least top1=0.7,macroF1=0.6',
      'mobilenet evaluate --rows photos.jsonl --truth truth.csv --json',
    ],
  }).action(async (folders: string[]) => {
    const { runEvaluate } = await import('./evaluate-run.js');
    process.exitCode = await runEvaluate(folders, readOptions(command, evaluateOptions));
  });
}
