import { describe, expect, it } from 'vitest';
import { mobilenet } from './run.js';

const small = ['--model', 'mobilenet_v1', '--alpha', '0.25', '--res', '64', '--runs', '2'];

describe('mobilenet bench', () => {
  it('--json has the documented fields in their order', () => {
    const { stdout, stderr, code } = mobilenet('bench', '--json', ...small);
    expect([stderr, code]).toEqual(['', 0]);
    const record = JSON.parse(stdout);
    expect(Object.keys(record)).toEqual([
      'network',
      'alpha',
      'resolution',
      'trainedResolution',
      'dtype',
      'threads',
      'ms',
      'macs',
      'gmacsPerSecond',
      'ceilingShare',
    ]);
    expect(Object.keys(record.ms)).toEqual(['min', 'median', 'p95']);
    const { macs } = JSON.parse(mobilenet('cost', '--json', '--alpha', '0.25', '--res', '64').stdout);
    expect(record).toMatchObject({
      network: 'mobilenet_v1',
      alpha: 0.25,
      resolution: 64,
      trainedResolution: null,
      dtype: 'f32',
      threads: 1,
    });
    expect(record.macs).toBe(macs);
  });

  it('--dtype int8 --threads 2 --json has the same fields', () => {
    const { stdout, stderr, code } = mobilenet(
      'bench',
      '--dtype',
      'int8',
      '--threads',
      '2',
      '--layers',
      '--json',
      ...small,
    );
    expect([stderr, code]).toEqual(['', 0]);
    const record = JSON.parse(stdout);
    expect(Object.keys(record)).toEqual(
      'network alpha resolution trainedResolution dtype threads ms macs gmacsPerSecond ceilingShare layers'.split(' '),
    );
    expect(record).toMatchObject({ dtype: 'int8', threads: 2 });
    expect(record.ceilingShare).toBeGreaterThan(0);
    expect(record.ceilingShare).toBeLessThanOrEqual(1);
    expect(record.layers.map(({ kernel }: { kernel: string }) => kernel)).toContain('depthwise_i8');
  });

  it('--layers --json adds a row for each step', () => {
    const { layers, macs } = JSON.parse(mobilenet('bench', '--layers', '--json', ...small).stdout);
    expect(Object.keys(layers[0])).toEqual([
      'layer',
      'kernel',
      'ms',
      'macs',
      'gmacsPerSecond',
      'share',
      'bytes',
      'mainLayer',
    ]);
    expect(layers.reduce((sum: number, layer: { macs: number }) => sum + layer.macs, 0)).toBe(macs);
  });

  it('--layers prints rows that add up to their total', () => {
    const { stdout, code } = mobilenet('bench', '--layers', ...small);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^mobilenet_v1 α 0\.25 · 64×64 · f32 · 1 thread · seeded weights · Node\.js v[\d.]+ \w+\n[\d.]+ ms median of 2 runs · min [\d.]+ · p95 [\d.]+\n[\d,]+ MACs · [\d.]+ GMAC\/s · [\d.]+ % of the f32 SIMD ceiling, [\d.]+ GMAC\/s\n\nlayer +kernel +ms +MACs +GMAC\/s +share +bytes\n/,
    );
    const rows = [...stdout.matchAll(/^(\S+) +\S*_f32 +(\d+\.\d{4}) +([\d,]+) .* ([\d,]+)$/gm)];
    const [, totalMs, totalMacs, totalBytes] = stdout.match(/^total +(\d+\.\d{4}) +([\d,]+) .* ([\d,]+)$/m)!;
    const plain = (text: string) => Number(text.replaceAll(',', ''));
    const sum = (column: number) => rows.reduce((total, row) => total + plain(row[column]!), 0);
    expect(rows.length).toBeGreaterThan(25);
    expect(sum(2)).toBeCloseTo(plain(totalMs!), 3);
    expect(sum(3)).toBe(plain(totalMacs!));
    expect(sum(4)).toBe(plain(totalBytes!));
    expect(stdout).toMatch(/\nRoofline of the slowest steps: .*\n[\d.]+ ┬─+ SIMD ceiling\n/);
  });

  const wrongUsage: [string, string[], RegExp][] = [
    ['an unknown network', ['--model', 'resnet'], /resnet: unknown network, expected one of mobilenet_v1, /],
    ['a dtype', ['--dtype', 'f16'], /--dtype f16: expected f32 or int8/],
    ['threads', ['--threads', '0'], /--threads 0: expected a whole number from 1 to 64/],
    ['more threads', ['--threads', '65'], /--threads 65: expected a whole number from 1 to 64/],
    ['runs', ['--runs', '0'], /--runs 0: expected a whole number of runs/],
    ['an α', ['--alpha', 'x'], /--alpha x: expected a number above 0/],
    ['a resolution that the network cannot take', ['--model', 'xception', '--res', '5'], /expected/],
    ['an argument', ['picture.jpg'], /picture\.jpg: unexpected argument; see mobilenet bench --help/],
  ];
  it.each(wrongUsage)('%s that it cannot take: exit 2', (_, args, message) => {
    const { stdout, stderr, code } = mobilenet('bench', ...args);
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
