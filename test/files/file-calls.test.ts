import { constants } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { callOnThisThread, lstat, open, read, stat } from '../../src/files/file-calls.js';

afterEach(() => callOnThisThread(false));

describe.each([
  ['on threads of libuv', false],
  ['on this thread', true],
])('calls %s', (_, here) => {
  it('read a file', async () => {
    callOnThisThread(here);
    const { size } = await stat('package.json');
    expect((await lstat('package.json')).size).toBe(size);
    const file = await open('package.json', constants.O_RDONLY);
    const bytes = Buffer.alloc(size + 1);
    expect(await read(file, bytes, 0, bytes.length, 0)).toBe(size);
    expect(await read(file, bytes, 0, 1, size)).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 0, size)).name).toBe('mobilenet');
  });

  it('reject where there is none', async () => {
    callOnThisThread(here);
    for (const call of [stat, lstat, (path: string) => open(path, constants.O_RDONLY)]) {
      await expect(call('no-such-file')).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });
});
