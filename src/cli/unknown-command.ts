import { listOf } from '../domain/option-rules.js';
import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { commandNames } from './start/implied-command.js';

/** What other tools call these tasks. */
export const otherWords: Readonly<Record<string, readonly string[]>> = {
  classify: ['predict', 'infer', 'inference', 'identify', 'recognise', 'recognize', 'label', 'tag', 'detect', 'run'],
  learn: ['train', 'training', 'fit', 'finetune', 'fine-tune', 'retrain', 'teach'],
  merge: ['join', 'combine', 'concat', 'cat'],
  cost: ['flops', 'macs', 'params', 'count', 'profile', 'summary', 'info'],
  models: ['list', 'ls', 'model'],
  'models remove': ['remove', 'rm', 'delete', 'uninstall'],
  'models export': ['export', 'convert', 'save'],
  'models verify': ['verify', 'check'],
  pull: ['download', 'fetch', 'get', 'install'],
  import: ['add', 'load'],
  bench: ['benchmark', 'speed', 'perf', 'time'],
};

/** Of a first argument that is neither a command nor an input. */
export function unknownCommand(word: string): UsageError {
  const where = word;
  const problem = 'no such command or file';
  const meant = suggestCommand(word);
  if (meant !== undefined) return new UsageError({ where, problem, remedy: `did you mean mobilenet ${meant}?` });
  return new UsageError({ where, problem, expected: listOf([...commandNames, 'an image']) });
}

function suggestCommand(word: string): string | undefined {
  const lower = word.toLowerCase();
  const [meant] = Object.entries(otherWords).find(([, words]) => words.includes(lower)) ?? [];
  return meant ?? nearestName(word, commandNames);
}
