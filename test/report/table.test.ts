import { describe, expect, it } from 'vitest';
import { pageCsv, pageMarkdown, pageText, type Section } from '../../src/report/table.js';

const sections: readonly Section[] = [
  {
    isMain: true,
    table: {
      columns: [
        { name: 'name', side: 'left' },
        { name: 'count', side: 'right', format: (value) => `${value} times` },
        { name: 'spare', side: 'right', spare: 1 },
        { name: 'note', side: 'left' },
      ],
      rows: [
        ['a,"b"', 12, 3, 'a short one'],
        ['=cmd|x', null, 4, 'one that has a good many words in it and does not fit a narrow screen'],
      ],
    },
  },
];

describe('text', () => {
  it('shows everything where there is no terminal', () => {
    expect(pageText(sections)).toBe(
      [
        'name       count  spare  note',
        'a,"b"   12 times      3  a short one',
        '=cmd|x                4  one that has a good many words in it and does not fit a narrow screen',
        '',
      ].join('\n'),
    );
  });

  it.each([40, 50, 60, 80, 100])('fits %d columns', (width) => {
    const lines = pageText(sections, width).trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(lines.join(' ').replace(/\s+/g, ' ')).toContain('screen');
  });

  it('says which columns had no room', () => {
    expect(pageText(sections, 38)).toContain('(hidden columns: spare)');
    expect(pageText(sections, 100)).not.toContain('hidden');
  });
});

it('CSV quotes, keeps numbers as they are, and starts no formulas', () => {
  expect(pageCsv(sections)).toBe(
    'name,count,spare,note\n"a,""b""",12,3,a short one\n' +
      "'=cmd|x,,4,one that has a good many words in it and does not fit a narrow screen\n",
  );
});

it('Markdown escapes what would be markup', () => {
  const text = pageMarkdown(sections);
  expect(text).toContain('| :--- | ---: | ---: | :--- |');
  expect(text).toContain('| =cmd\\|x |  | 4 |');
});
