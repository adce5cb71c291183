import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { ALIGNMENT, place, type Span } from '../../src/engine/arena.js';

describe('place', () => {
  it('keeps spans that live together apart, 200 random sets', () => {
    const random = seededRandom(3);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let set = 0; set < 200; set++) {
      const spans: Span[] = Array.from({ length: 1 + below(30) }, (_, index) => {
        const from = below(20);
        return { name: `${index}`, bytes: 1 + below(5000), from, to: from + below(6) };
      });
      const { offsets, bytes } = place(spans);
      for (const a of spans) {
        const start = offsets.get(a.name)!;
        expect(start % ALIGNMENT).toBe(0);
        expect(start + a.bytes).toBeLessThanOrEqual(bytes);
        for (const b of spans) {
          if (a === b || a.from > b.to || b.from > a.to) continue;
          const other = offsets.get(b.name)!;
          expect(start + a.bytes <= other || other + b.bytes <= start).toBe(true);
        }
      }
    }
  });

  it('uses memory again once its value is dead', () => {
    const chain = [0, 1, 2, 3].map((step) => ({ name: `${step}`, bytes: 640, from: step, to: step + 1 }));
    expect(place(chain).bytes).toBe(1280);
  });
});
