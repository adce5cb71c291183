import { describe, expect, it } from 'vitest';
import { mobilenet } from './run.js';

const files = ['test/photos/alps.jpg', 'test/photos/boats.jpg', 'test/photos/allium.jpg'];

/** Everything but the times. */
function predictions(...args: readonly string[]): unknown {
  const { stdout, stderr, code } = mobilenet('classify', '--json', ...args, ...files);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout).images.map(({ file, predictions }: Record<string, unknown>) => ({ file, predictions }));
}

describe('mobilenet classify --threads', () => {
  it('says the same with any number of them, and ends', () => {
    const one = predictions('--threads', '1');
    expect(one).toHaveLength(files.length);
    expect(predictions('--threads', '2')).toEqual(one);
    expect(predictions('--threads', '5')).toEqual(one);
    expect(predictions()).toEqual(one);
  });

  it.each(['0', '65', '-1', '1.5', 'two', ''])('refuses %j', (count) => {
    const { stdout, stderr, code } = mobilenet('classify', `--threads=${count}`, files[0]!);
    expect(stderr).toBe(`mobilenet: --threads ${count}: expected a whole number from 1 to 64\n`);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('leaves no thread behind where the model cannot be had', () => {
    const { stderr, code } = mobilenet('classify', '--threads', '2', '--labels', 'test/photos/README.md', files[0]!);
    expect(stderr).toMatch(/^mobilenet: .*README\.md.*\n$/);
    expect(code).toBe(4);
  });
});
