import { createHash } from 'node:crypto';
import type { Command, Kind } from './commands.js';

/** What an output is once that is masked which differs from run to run, and in data the sentences for people. */
export function mask(output: Buffer, kind: Kind, { isTimed = false }: Pick<Command, 'isTimed'>): string {
  if (kind === 'binary') return `${output.length} bytes, SHA-256 ${createHash('sha256').update(output).digest('hex')}`;
  const text = output.toString('latin1');
  if (kind === 'json' || kind === 'jsonl') return maskJson(text);
  if (kind === 'text') return isTimed ? maskNumbers(output.toString()) : maskTimes(output.toString());
  return text;
}

const number = /-?\d+(\.\d+)?(e[-+]?\d+)?/g;

/** Keeps the layout, which has to stay the same too. */
function maskJson(text: string): string {
  return text
    .replace(/"message":(\s*)"(\\.|[^"\\])*"/g, '"message":$1"…"')
    .replace(/"ms":(\s*)\{[^{}]*\}/g, (times) => times.replace(number, '0'))
    .replace(/"(ms|gmacsPerSecond|ceilingShare|share|ceiling|bandwidth)":(\s*)-?[\d.e+-]+/g, '"$1":$20')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE');
}

function maskTimes(text: string): string {
  return text
    .replace(/\d+(\.\d+)?(?= (ms|s|GMAC\/s)\b)/g, 'N')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE')
    .replace(/\b\d+ of \d+\b/g, 'N of N')
    .replace(/^(.*N of N.*\n)\1+/gm, '$1');
}

/** For tables of times, whose columns are as wide as the numbers, and for plots of them. */
function maskNumbers(text: string): string {
  return text
    .replace(/^.*[│┴].*\n/gm, '')
    .replace(number, 'N')
    .replace(/[ ─-]{2,}/g, '  ');
}
