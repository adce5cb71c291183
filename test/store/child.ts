/**
 * Pulls one entry, in a process of its own: `child.ts HOME ENTRY-AS-JSON [OPTIONS-AS-JSON]`. Prints a line `waiting`
 * while another is at it, and what came of it.
 */
import { pullEntry } from '../../src/store/pull-entry.js';
import { accept } from './entry.js';

const [home, entryText, optionsText] = process.argv.slice(2);
const entry = JSON.parse(entryText!);
const onWait = () => process.stdout.write('waiting\n');
const options = { home: home!, onWait, ...JSON.parse(optionsText ?? '{}') };
pullEntry(entry, (file) => accept(file, entry), options).then(
  ({ model, fetched }) => process.stdout.write(JSON.stringify({ sha256: model.weights.sha256, fetched })),
  (error) => process.stdout.write(JSON.stringify({ error: error.message, code: error.code })),
);
