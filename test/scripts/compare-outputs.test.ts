import { describe, expect, it } from 'vitest';
import type { Kind } from '../../scripts/compare-outputs/commands.js';
import { lineDiff } from '../../scripts/compare-outputs/line-diff.js';
import { mask } from '../../scripts/compare-outputs/masks.js';

const masked = (text: string, kind: Kind, isTimed = false) => mask(Buffer.from(text), kind, { isTimed });

describe('masks', () => {
  it('hide times and messages of JSON, and nothing else', () => {
    const row = (probability: number, ms: number, message: string) =>
      JSON.stringify({
        probability,
        ms: { decode: ms, run: ms },
        layers: [{ ms, macs: 5 }],
        error: { code: 'x', message },
      });
    const before = masked(row(0.5, 1.25, 'a "b" c'), 'jsonl');
    expect(masked(row(0.5, 7, 'another'), 'jsonl')).toBe(before);
    expect(masked(row(0.51, 1.25, 'a "b" c'), 'jsonl')).not.toBe(before);
    expect(masked('{"ms": {"run":1}}', 'json')).not.toBe(masked('{"ms":{"run":1}}', 'json'));
    expect(masked('{"min": 1, "index": 2}', 'json')).toBe('{"min": 1, "index": 2}');
  });

  it('hide nothing of rows', () => {
    expect(masked('a.jpg,1,25 ms\n', 'csv')).toBe('a.jpg,1,25 ms\n');
  });

  it('hide times in text, and how often progress was reported', () => {
    expect(masked('α 1.0 · 25 ms\n', 'text')).toBe('α 1.0 · N ms\n');
    expect(masked('map 3 of 9\nmap 7 of 9\nend\n', 'text')).toBe(masked('map 5 of 9\nend\n', 'text'));
  });
});

describe('lineDiff', () => {
  it('shows the lines that differ with two around them', () => {
    expect(lineDiff('a\nb\nc\nd\ne\nf', 'a\nb\nc\nD\ne\nf')).toEqual(['  b', '  c', '- d', '+ D', '  e', '  f']);
    expect(lineDiff('a', 'a')).toEqual([]);
    expect(lineDiff('', 'a')).toEqual(['- ', '+ a']);
  });
});
