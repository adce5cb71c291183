import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cost } from '../../src/cost/cost.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';

// Written by test/golden/mobilenet_v2_widths.py from torchvision.
const { rows }: { rows: [number, number, number, number, number][] } = JSON.parse(
  readFileSync(new URL('../golden/mobilenet_v2_widths.json', import.meta.url), 'utf8'),
);

describe('MobileNet v2 at any width and size, PyTorch padding, as in torchvision', () => {
  it.each(rows)('α %d at %d: %d MACs, %d trainable parameters, %d residual links', (alpha, resolution, ...expected) => {
    const { macs, params, layers } = cost(
      resolve(buildNetwork('mobilenet_v2', { alpha }), { resolution, padding: 'pytorch' }),
    );
    const links = layers.filter(({ kind }) => kind === 'add').length;
    expect([macs, params.trainable, links]).toEqual(expected);
  });
});
