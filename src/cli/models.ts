import { Command } from 'commander';
import { exitCodes } from '../errors/errors.js';
import { printable } from '../errors/printable.js';

interface JsonFlag {
  readonly json?: boolean;
}

/** `mobilenet models`, and what can be done with those installed. */
export function modelsCommand(): Command {
  const models = new Command('models')
    .description('List the models in the box, installed and published; look after those installed.')
    .option('--json', 'one JSON document on stdout')
    .action(async (flags: JsonFlag) => {
      const [{ surveyModels }, { modelsText }] = await Promise.all([
        import('../use-cases/list-models.js'),
        import('../report/models-text.js'),
      ]);
      const record = surveyModels();
      process.stdout.write(flags.json ? `${JSON.stringify(record, null, 2)}\n` : modelsText(record));
    });
  models
    .command('verify')
    .description('Compare every installed file with its sha-256; exit 4 where one is damaged.')
    .option('--json', 'one JSON document on stdout')
    .action(async (_flags: JsonFlag, command: Command) => {
      const { verifyModels } = await import('../store/installed.js');
      const verified = await verifyModels();
      if (command.optsWithGlobals<JsonFlag>().json) {
        process.stdout.write(`${JSON.stringify({ models: verified }, null, 2)}\n`);
      } else {
        for (const { name, problem } of verified) {
          if (problem === null) process.stdout.write(`${name}: whole\n`);
          else process.stderr.write(`mobilenet: ${name}: ${printable(problem)}\n`);
        }
        if (verified.length === 0) process.stdout.write('nothing is installed\n');
      }
      if (verified.some(({ problem }) => problem !== null)) process.exitCode = exitCodes.model;
    });
  models
    .command('remove')
    .description('Take an installed model out of the store.')
    .argument('<name>', 'as mobilenet models lists it')
    .action(async (name: string) => {
      const { removeModel } = await import('../store/install.js');
      await removeModel(name);
      process.stdout.write(`${name} removed\n`);
    });
  models
    .command('export')
    .description('Write a model as one safetensors file that import and --weights take.')
    .argument('<name>', 'as mobilenet models lists it')
    .argument('<file>', 'such as model.safetensors')
    .action(async (name: string, file: string) => {
      const { exportModel } = await import('../use-cases/export.js');
      const { bytes } = await exportModel(name, file);
      process.stdout.write(`${printable(file)}: ${(bytes / 1e6).toFixed(1)} MB\n`);
    });
  models
    .command('path')
    .description('Print the folder of installed models.')
    .action(async () => {
      const { storeHome } = await import('../store/home.js');
      process.stdout.write(`${storeHome()}\n`);
    });
  return models;
}
