/**
 * Derives imagenet-groups.tsv from WordNet 3.0's noun database: for every synset above ImageNet's 1000 its words and its
 * parents, and for the 1000 themselves their parents. ImageNet's ids are "n" and the byte offset in data.noun.
 *
 *   npx tsx models/imagenet-groups.ts DATA.NOUN [> models/imagenet-groups.tsv]
 *
 * data.noun is in WordNet's own archive (WNdb-3.0) and in Debian's package wordnet-base 1:3.0.
 */
import { readFileSync } from 'node:fs';

const [nouns] = process.argv.slice(2);
if (nouns === undefined) throw new Error('no file given, expected WordNet 3.0’s data.noun');
const data = readFileSync(nouns);

interface Synset {
  readonly words: readonly string[];
  readonly parents: readonly string[];
}

/** A line of data.noun as wndb(5WN) describes it; `@` points to a hypernym, `@i` from an instance to its class. */
function readSynset(id: string): Synset {
  const offset = Number(id.slice(1));
  const line = data.toString('latin1', offset, data.indexOf('\n', offset));
  const fields = line.split(' ');
  if (fields[0] !== id.slice(1)) throw new Error(`${nouns}: no synset at ${offset}, expected WordNet 3.0`);
  const count = Number.parseInt(fields[3]!, 16);
  const words = Array.from({ length: count }, (_, index) => fields[4 + 2 * index]!.replaceAll('_', ' '));
  const pointers = fields.slice(4 + 2 * count + 1);
  const parents: string[] = [];
  for (let at = 0; at < Number(fields[4 + 2 * count]); at++) {
    const [symbol, target] = pointers.slice(4 * at);
    if (symbol === '@' || symbol === '@i') parents.push(`n${target}`);
  }
  return { words, parents };
}

const labels = readFileSync(new URL('imagenet-1k.tsv', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const classes = new Set(labels.map((line) => line.split('\t')[1]!));
const lines: string[] = [];
const known = new Set<string>();
const waiting = [...classes];
for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
  if (known.has(id)) continue;
  known.add(id);
  const { words, parents } = readSynset(id);
  lines.push([id, parents.join(' '), classes.has(id) ? '' : words.join(', ')].join('\t'));
  waiting.push(...parents);
}
process.stdout.write(`${lines.sort().join('\n')}\n`);
