import { Command } from 'commander';
import { exitCodes, UsageError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { jsonDocument } from '../../report/json.js';
import { sizeText } from '../../report/units.js';
import { addHelpEnd } from '../options/help-end.js';
import { json, resolution } from '../options/model-options.js';
import { flag, repeated } from '../options/option-kinds.js';
import { addOptions, readOptions } from '../options/option-table.js';

const options = {
  installed: flag('--installed', 'only installed models'),
  filters: repeated('--filter <word>', 'only models with this word in their name, network or dtype (repeatable)'),
  json,
};

const NAME = 'as “mobilenet models” lists it';

/** `mobilenet models`, and what can be done with those installed. */
export function modelsCommand(): Command {
  const models = new Command('models').description(
    'List bundled, installed and published models; manage installed ones.',
  );
  addOptions(models, options);
  addHelpEnd(models, {
    examples: [
      'mobilenet models',
      'mobilenet models --filter v1 --filter int8',
      'mobilenet models --installed --json',
      'mobilenet models remove flowers',
    ],
  }).action(async () => {
    const { installed: isInstalled = false, filters = [], json = false } = readOptions(models, options);
    const words = filters.flatMap((filter) => filter.split(/\s+/)).filter(Boolean);
    if (words.length < filters.length)
      throw new UsageError({ where: '--filter', problem: 'empty', expected: 'a word' });
    const [{ surveyModels }, { canPull }, { modelsText }] = await Promise.all([
      import('../../use-cases/list-models.js'),
      import('../../store/catalog.js'),
      import('../../report/models-text.js'),
    ]);
    const record = surveyModels({ isInstalled, words });
    process.stdout.write(json ? jsonDocument(record) : modelsText(record, canPull, words));
  });
  for (const command of [verifyCommand(), removeCommand(), exportCommand(), pathCommand()]) models.addCommand(command);
  return models;
}

interface JsonFlag {
  readonly json?: boolean;
}

function verifyCommand(): Command {
  const command = new Command('verify').description(
    'Check every installed file against its SHA-256; exit with 4 if one is damaged.',
  );
  addOptions(command, { json });
  return addHelpEnd(command, {
    examples: [
      'mobilenet models verify',
      'mobilenet models verify --json',
      'mobilenet models verify && mobilenet classify photo.jpg',
    ],
  }).action(async (_flags: JsonFlag, command: Command) => {
    const { verifyModels } = await import('../../store/installed.js');
    const verified = await verifyModels();
    if (verified.some(({ problem }) => problem !== null)) process.exitCode = exitCodes.model;
    if (command.optsWithGlobals<JsonFlag>().json) {
      process.stdout.write(jsonDocument({ models: verified }));
      return;
    }
    for (const { name, problem } of verified) {
      if (problem === null) process.stdout.write(`${name}: OK\n`);
      else process.stderr.write(`mobilenet: ${name}: ${printable(problem)}\n`);
    }
    if (verified.length === 0) process.stdout.write('no models are installed\n');
  });
}

const removeOptions = {
  cache: flag('--cache', 'remove the cached vectors of images instead, which only save time'),
};

function removeCommand(): Command {
  const command = new Command('remove')
    .description('Remove an installed model, or the cached vectors of images.')
    .argument('[name]', NAME);
  addOptions(command, removeOptions);
  return addHelpEnd(command, {
    examples: [
      'mobilenet models remove flowers',
      'mobilenet models remove mobilenet_v1_0.5_160',
      'mobilenet models remove --cache',
    ],
  }).action(async (name: string | undefined) => {
    const { cache = false } = readOptions(command, removeOptions);
    if (cache === (name !== undefined)) {
      throw new UsageError({ where: 'models remove', expected: 'the name of a model, or --cache' });
    }
    if (name === undefined) {
      const [{ removeEmbeddings }, { storeHome }] = await Promise.all([
        import('../../store/embeddings.js'),
        import('../../store/home.js'),
      ]);
      const count = removeEmbeddings(storeHome());
      process.stdout.write(`${count} cached ${count === 1 ? 'vector' : 'vectors'} removed\n`);
      return;
    }
    const { removeModel } = await import('../../store/install.js');
    await removeModel(name);
    process.stdout.write(`${name} removed\n`);
  });
}

const exportOptions = { resolution: { ...resolution, help: 'resolution at which the file is to run by default' } };

function exportCommand(): Command {
  const command = new Command('export')
    .description('Write a model to a safetensors file, for import or classify --weights.')
    .argument('<name>', NAME)
    .argument('<file>', 'the file to write, such as model.safetensors');
  return addHelpEnd(addOptions(command, exportOptions), {
    examples: [
      'mobilenet models export mobilenet_v2 mobilenet_v2.safetensors',
      'mobilenet models export mobilenet_v2 at160.safetensors --res 160',
      'mobilenet classify --weights at160.safetensors rose.jpg',
    ],
  }).action(async (name: string, file: string) => {
    const { exportModel } = await import('../../use-cases/export.js');
    const { bytes } = await exportModel({ model: name, ...readOptions(command, exportOptions) }, file);
    process.stdout.write(`${printable(file)}: ${sizeText(bytes, 1)}\n`);
  });
}

function pathCommand(): Command {
  const command = new Command('path').description('Print the folder of installed models.');
  return addHelpEnd(command, {
    examples: [
      'mobilenet models path',
      'du -sh "$(mobilenet models path)"',
      'MOBILENET_HOME=/srv/models mobilenet models path',
    ],
  }).action(async () => {
    const { storeHome } = await import('../../store/home.js');
    process.stdout.write(`${storeHome()}\n`);
  });
}
