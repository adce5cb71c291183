import { Command } from 'commander';
import { FULL_COLOUR } from '../../report/heat-map.js';
import { modelOptions } from '../options/batch-options.js';
import {
  explainComputationOptions,
  explainedOptions,
  explainInputOptions,
  explainOptions,
  explainOutputOptions,
} from '../options/explain-options.js';
import { addHelpEnd } from '../options/help-end.js';
import { addOptions, readOptions } from '../options/option-table.js';

/** `mobilenet explain IMAGE` */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Show where in an image the evidence for a class is: its class activation map.')
    .argument('<image>', 'an image, or - for one on stdin');
  addOptions(command, explainedOptions);
  addOptions(command, modelOptions, 'Model:');
  addOptions(command, explainComputationOptions, 'Computation:');
  addOptions(command, explainInputOptions, 'Input:');
  addOptions(command, explainOutputOptions, 'Output:');
  return addHelpEnd(command, {
    notes:
      'For a network that ends in global average pooling and a linear layer the map is exact: the mean of its cells plus the' +
      '\nclass’s bias is the class’s logit. In the PNG, red is evidence for the class and blue against it. The scale is the same' +
      `\nfor every image: a cell with ${FULL_COLOUR} times the evidence of an average cell (+${FULL_COLOUR}x) has the full colour. What the crop cut off is` +
      '\ndark and hatched.',
    examples: [
      'mobilenet explain photo.jpg',
      'mobilenet explain photo.jpg --output heat.png',
      'mobilenet explain photo.jpg --class "golden retriever" --against cat --output heat.png',
    ],
  }).action(async (name: string) => {
    const { runExplain } = await import('./explain-run.js');
    await runExplain(name, readOptions(command, explainOptions));
  });
}
