import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCard, readCard } from '../../src/models/card.js';
import { makeFolder } from '../weights/folder.js';
import { modelErrorOf } from '../weights/golden.js';

const card = {
  name: 'mobilenet_v2_1.0_224',
  network: 'mobilenet_v2',
  alpha: 1,
  resolution: 224,
  classes: 1000,
  padding: 'pytorch',
  epsilon: 1e-5,
  preprocessing: {
    crop: 'center',
    resize: 256,
    resolution: 224,
    filter: 'pil-bilinear',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  labels: 'imagenet-1k.tsv',
  weights: {
    ...{ file: 'a.safetensors', bytes: 10, sha256: '0'.repeat(64), crc32: '0'.repeat(8), dtype: 'f16' },
    parts: '0'.repeat(32),
  },
  levels: { file: 'a.levels.safetensors', bytes: 9, sha256: '1'.repeat(64), crc32: '1'.repeat(8) },
  published: { top1: 71.878, top5: 90.286, source: 'a paper' },
  origin: 'a place',
  licence: 'MIT',
};

const parse = (value: unknown) => parseCard(new TextEncoder().encode(JSON.stringify(value)), 'c.json');
const messageOf = (value: unknown): string | undefined => {
  const error = modelErrorOf(() => parse(value));
  if (error) expect(error.code).toBe('card');
  return error?.message;
};

/** The card with one field, given as `a.b`, set to another value (undefined: absent). */
function change(path: string, value: unknown): unknown {
  const changed = structuredClone(card) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop()!;
  let target = changed;
  for (const name of names) target = target[name] as Record<string, unknown>;
  target[last] = value;
  return changed;
}

function fieldsOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, each]) =>
    typeof each === 'object' && !Array.isArray(each)
      ? [`${prefix}${name}`, ...fieldsOf(each, `${prefix}${name}.`)]
      : [`${prefix}${name}`],
  );
}

describe('card', () => {
  it('is read as it is written', () => {
    expect(readCard(join(makeFolder({ 'c.json': card }), 'c.json'))).toEqual(card);
    expect(parse(change('levels', null))).toEqual(change('levels', null));
  });

  it('of earlier versions has no parts', () => {
    const { parts: _, ...weights } = card.weights;
    expect(parse(change('weights.parts', undefined))).toEqual({ ...card, weights });
  });

  it.each(fieldsOf(card).filter((field) => field !== 'weights.parts'))('needs %s', (field) => {
    expect(messageOf(change(field, undefined))).toContain(field);
  });

  it.each(fieldsOf(card))('refuses nonsense in %s', (field) => {
    for (const nonsense of [null, true, {}, [], -1e300, '', '\n']) {
      // A model need not have levels.
      if (nonsense === null && field === 'levels') continue;
      // Two free texts cannot be wrong but by being empty; a line break in them does no harm.
      if (nonsense === '\n' && ['origin', 'licence', 'published.source'].includes(field)) continue;
      expect(messageOf(change(field, nonsense))).toContain(field);
    }
  });

  it.each(['more', 'weights.more', 'published.more', 'preprocessing.more', 'preprocessing.toString'])(
    'refuses the unknown field %s',
    (field) => {
      expect(messageOf(change(field, 1))).toBe(`c.json: unknown field "${field}"`);
    },
  );

  it.each([
    ['network', 'resnet'],
    ['network', 'toString'],
    ['alpha', 0],
    ['alpha', '1'],
    ['alpha', 101],
    ['resolution', 224.5],
    ['resolution', 192],
    ['classes', 0],
    ['classes', 1e9],
    ['padding', 'same'],
    ['epsilon', -1e-5],
    ['preprocessing.crop', 'middle'],
    ['preprocessing.resize', 223],
    ['preprocessing.filter', 'bilinear'],
    ['preprocessing.mean', [0, 0]],
    ['preprocessing.mean', [0, 0, '0']],
    ['preprocessing.std', [1, 1, 0]],
    ['labels', '../labels.tsv'],
    ['labels', '/etc/passwd'],
    ['labels', '.hidden'],
    ['weights.file', 'a/b'],
    ['weights.file', 'a\\b'],
    ['weights.file', 'a\0b'],
    ['weights.file', '..'],
    ['weights.bytes', 0],
    ['weights.bytes', 1.5],
    ['weights.sha256', 'A'.repeat(64)],
    ['weights.sha256', '0'.repeat(63)],
    ['weights.crc32', 'A'.repeat(8)],
    ['weights.dtype', 'bf16'],
    ['weights.parts', '0'.repeat(24)],
    ['weights.parts', 'A'.repeat(16)],
    ['published.top1', 101],
    ['origin', 'x'.repeat(1001)],
  ])('refuses %s %j', (field, value) => {
    const named = field === 'resolution' && value === 192 ? 'preprocessing.resolution' : field;
    expect(messageOf(change(field, value))).toMatch(
      new RegExp(`^c\\.json: ${named.replace('.', '\\.')} is .*expected`),
    );
  });

  it('refuses a field that is nested deeply', () => {
    const text = JSON.stringify({ ...card, alpha: 0 }).replace(
      '"alpha":0',
      `"alpha":${'['.repeat(3e4)}${']'.repeat(3e4)}`,
    );
    expect(modelErrorOf(() => parseCard(new TextEncoder().encode(text), 'c.json'))?.message).toMatch(/alpha is a list/);
  });

  it.each([['null'], ['[]'], ['3'], ['{'], ['']])('refuses %j', (text) => {
    expect(modelErrorOf(() => parseCard(new TextEncoder().encode(text), 'c.json'))?.code).toBe('card');
  });
});
