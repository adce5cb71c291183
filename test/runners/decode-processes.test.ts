import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../src/domain/preprocessing.js';
import { startDecoders } from '../../src/runners/decode-processes.js';
import { createGate } from '../../src/runners/memory-gate.js';

const file = fileURLToPath(new URL('decode-process-fake.cjs', import.meta.url));
const preprocessing = { resolution: 1 } as Preprocessing;
const options = {
  settings: { preprocessing, maxPixels: 1, lenient: false, fullDecode: false },
  gate: createGate(1),
  timeoutMs: 1500,
  file,
};

describe('decoders', () => {
  it('lose the picture that hangs or crashes them, by name, and no other', async () => {
    const decoders = startDecoders(2, options);
    const names = ['a', 'hang.jpg', 'b', 'crash.jpg', 'c', 'exit.jpg', 'd', 'e'];
    try {
      const results = await Promise.allSettled(names.map((name, job) => decoders.prepare({ job, file: name })));
      const said = results.map((each) =>
        each.status === 'fulfilled' ? each.value.data[0] : `${each.reason.code}: ${each.reason.message}`,
      );
      expect(said).toEqual([
        0,
        'timeout: hang.jpg: not decoded in 1.5 s',
        2,
        'decoder-crashed: crash.jpg: the decoder crashed (SIGSEGV)',
        4,
        'decoder-crashed: exit.jpg: the decoder crashed (exit code 3)',
        6,
        7,
      ]);
    } finally {
      decoders.close();
    }
  });

  it('have their time from when they are ready', async () => {
    const decoders = startDecoders(1, {
      ...options,
      settings: { preprocessing, maxPixels: 600, lenient: false, fullDecode: false },
      timeoutMs: 300,
    });
    try {
      expect((await decoders.prepare({ job: 5, file: 'a' })).data[0]).toBe(5);
    } finally {
      decoders.close();
    }
  });

  it('give up where no process starts', async () => {
    const decoders = startDecoders(1, { ...options, file: `${file}.missing`, timeoutMs: 60_000 });
    const tries = Array.from({ length: 8 }, (_, job) => decoders.prepare({ job, file: 'a' }));
    const results = await Promise.allSettled(tries);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    decoders.close();
  });
});
