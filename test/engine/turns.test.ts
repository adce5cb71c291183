import { describe, expect, it } from 'vitest';
import { closeTurns, createTurns, follow, lead, MOST_PARTS, type Stages } from '../../src/engine/turns.js';

const STALL = { times: 3, ms: 5 };

/** Stages that write down which of their parts ran. */
function recorded(parts: readonly number[]): { stages: Stages; ran: string[] } {
  const ran: string[] = [];
  const stages = parts.map((count, stage) =>
    Array.from({ length: count }, (_, part) => () => {
      ran.push(`${stage}.${part}`);
    }),
  );
  return { stages, ran };
}

describe('turns', () => {
  it('one thread does everything in order where no other takes part', () => {
    const { stages, ran } = recorded([2, 1, 3]);
    expect(lead(createTurns(4, 3, 0), stages, STALL)).toBe('done');
    expect(ran.map((each) => each[0]).join('')).toBe('001222');
    expect(new Set(ran)).toEqual(new Set(['0.0', '0.1', '1.0', '2.0', '2.1', '2.2']));
  });

  it('go on from run to run, past the number at which they begin anew', () => {
    const { stages, ran } = recorded(Array.from({ length: 40 }, () => 1));
    const turns = createTurns(2, stages.length, 0);
    const runs = 2 ** 20 / 41 + 20;
    for (let run = 0; run < runs; run++) {
      ran.length = 0;
      expect(lead(turns, stages, STALL)).toBe('done');
      if (ran.length !== 40) expect(ran.length).toBe(40);
    }
  });

  it('take as many parts as fit', () => {
    const { stages, ran } = recorded([MOST_PARTS]);
    expect(lead(createTurns(3, 1, 0), stages, STALL)).toBe('done');
    expect(new Set(ran).size).toBe(MOST_PARTS);
  });

  it('a thread that takes a part and never ends it is noticed', () => {
    const turns = createTurns(2, 1, 0);
    const lost = 1;
    let taken = false;
    const stages = [
      [
        () => {
          if (taken) return;
          taken = true;
          // As the other thread would before it dies: the first of its share is gone.
          Atomics.add(turns.words, turns.words.length - 16, 1);
        },
        () => {},
      ],
    ];
    expect(turns.threads).toBe(lost + 1);
    expect(lead(turns, stages, STALL)).toBe('stalled');
  });

  it('a thread whose part throws says so', () => {
    const turns = createTurns(2, 1, 0);
    const broken: Stages = [
      [
        () => {
          throw new Error('trap');
        },
        () => {
          throw new Error('trap');
        },
      ],
    ];
    // The first thread begins the run, and in its first part lets the other one work.
    const stages: Stages = [[() => expect(() => follow(turns, broken, 1)).toThrow('trap'), () => {}]];
    expect(lead(turns, stages, STALL)).toEqual({ failed: 1 });
  });

  it('throw what this thread’s own part throws', () => {
    const stages: Stages = [
      [
        () => {
          throw new Error('trap');
        },
      ],
    ];
    expect(() => lead(createTurns(2, 1, 0), stages, STALL)).toThrow('trap');
  });

  it('send threads home when they are closed', () => {
    const turns = createTurns(2, 1, 0);
    closeTurns(turns);
    follow(turns, [[]], 1);
  });
});
