import { describe, expect, it } from 'vitest';
import { mobilenet } from './run.js';

describe('mobilenet cost, as a process', () => {
  it('gives a subcommand the options behind its name', () => {
    const { stdout, stderr, code } = mobilenet('cost', 'compare', 'mobilenet_v1:0.5:160', '--csv');
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout.split('\n')[1]).toMatch(/^mobilenet_v1,0\.5,160,76524800,153049600,1331592,/);
  });

  it.each([
    [['cost', 'sweep', '--help'], 0, 'Usage: mobilenet cost sweep [options]'],
    [['cost', '--help'], 0, 'Usage: mobilenet cost [options] [command] [file]'],
  ])('%j prints its help', (args, exitCode, usage) => {
    const { stdout, code } = mobilenet(...args);
    expect([stdout.split('\n')[0], code]).toEqual([usage, exitCode]);
  });

  it.each([
    [['cost', '--json', 'compare', 'xception'], 'mobilenet: cost compare: options must come after “compare”'],
    [['cost', 'compare', 'resnet'], 'mobilenet: resnet: unknown network, expected one of'],
    [['cost', 'sweep', '--bogus'], 'mobilenet: --bogus: unknown option; see mobilenet cost sweep --help'],
    [['cost', 'compare'], 'mobilenet: missing argument <networks>; see mobilenet cost compare --help'],
    [['cost', '--convention', 'mine'], 'mobilenet: --convention mine: expected paper, slim, '],
  ])('%j exits 2 and says why', (args, message) => {
    const { stdout, stderr, code } = mobilenet(...args);
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).toContain(message);
  });
});
