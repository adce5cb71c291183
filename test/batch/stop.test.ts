import { describe, expect, it } from 'vitest';
import { Stop } from '../../src/batch/stop.js';

describe('Stop', () => {
  it('calls its listeners once', () => {
    const stop = new Stop();
    const calls: string[] = [];
    const removed = () => calls.push('removed');
    stop.addEventListener('abort', () => calls.push('first'));
    stop.addEventListener('abort', removed);
    stop.removeEventListener('abort', removed);
    expect(stop.aborted).toBe(false);
    stop.abort();
    stop.abort();
    expect(stop.aborted).toBe(true);
    expect(calls).toEqual(['first']);
  });

  it.each(['before', 'after'])('aborts the signal of Node.js that is asked for %s', (when) => {
    const stop = new Stop();
    const early = when === 'before' ? stop.native : undefined;
    stop.abort();
    expect((early ?? stop.native).aborted).toBe(true);
  });
});
