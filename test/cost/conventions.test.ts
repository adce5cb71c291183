import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type ConventionId,
  conventionIds,
  conventions,
  countByRule,
  parametersByRule,
} from '../../src/cost/conventions.js';
import { addCounts, countLayer } from '../../src/cost/count-layer.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { PaddingConvention, ResolvedNetwork } from '../../src/networks/types.js';
import { mobilenetV1Layers } from './figures.js';

interface ToolRow {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  readonly padding: PaddingConvention;
  readonly fvcore: number;
  readonly thop: number;
  readonly ptflops: number;
  readonly ptflops_modules: number;
  readonly params: { readonly trainable: number; readonly thop: number; readonly ptflops: number };
}

// Written by test/golden/cost_tools.py from the tools themselves.
const tools: { readonly networks: readonly ToolRow[] } = JSON.parse(
  readFileSync(new URL('../golden/cost_tools.json', import.meta.url), 'utf8'),
);

function networkOf(
  id: string,
  alpha: number,
  resolution: number,
  padding: PaddingConvention = 'tensorflow',
  classes = 1000,
) {
  return resolve(buildNetwork(id, { alpha, classes }), { resolution, padding });
}

function count(network: ResolvedNetwork, convention: ConventionId): number {
  return network.layers.reduce((sum, layer) => sum + countByRule(layer, conventions[convention].rule), 0);
}

function countParameters(network: ResolvedNetwork, convention: ConventionId): number {
  const { params } = addCounts(network.layers.map(countLayer));
  return parametersByRule(params, conventions[convention].params(network.id));
}

describe.each(tools.networks)('$network $alpha at $resolution, counted by the tools themselves', (row) => {
  const network = networkOf(row.network, row.alpha, row.resolution, row.padding);

  it('fvcore', () => {
    expect(count(network, 'fvcore')).toBe(row.fvcore);
    expect(countParameters(network, 'fvcore')).toBe(row.params.trainable);
  });

  it('THOP', () => {
    // timm's Xception pools with a module, which THOP sees: it adds what the pool reads and writes.
    const pool = row.network === 'xception' ? 10 * 10 * 2048 + 2048 : 0;
    expect(count(network, 'thop') + pool).toBe(row.thop);
    expect(countParameters(network, 'thop')).toBe(row.params.thop);
  });

  it('ptflops', () => {
    // The total counts what is called as a function; Xception's modules call such functions, so they count twice there.
    expect(count(network, 'ptflops')).toBe(row.network === 'xception' ? row.ptflops_modules : row.ptflops);
    expect(countParameters(network, 'ptflops')).toBe(row.params.ptflops);
  });
});

describe('totals that the tools’ pages print', () => {
  it.each([
    ['paper', 'mobilenet_v1', 1, 224, 568_740_352],
    ['slim', 'mobilenet_v2', 1, 224, 300_774_272],
    ['keras', 'mobilenet_v2', 1, 224, 300_774_272],
    ['torch', 'mobilenet_v2', 1, 224, 300_774_272],
    ['paper', 'xception', 1, 299, 8_357_403_496],
  ] as const)('%s: %s α %d at %d', (convention, id, alpha, resolution, expected) => {
    expect(count(networkOf(id, alpha, resolution), convention)).toBe(expected);
  });

  it.each([
    ['tfprofiler', 'mobilenet_v1', 1, 224, 1e9, 3, '1.140'],
    ['tfprofiler', 'mobilenet_v1', 0.75, 224, 1e9, 3, '0.653'],
    ['fvcore', 'mobilenet_v1', 1, 224, 1e6, 2, '578.88'],
    ['fvcore', 'mobilenet_v2', 1, 224, 1e6, 2, '314.19'],
    ['fvcore', 'xception', 1, 299, 1e9, 3, '8.400'],
    ['ptflops', 'mobilenet_v1', 1, 224, 1e6, 1, '583.9'],
    ['ptflops', 'mobilenet_v2', 1, 224, 1e6, 2, '320.30'],
    ['ptflops', 'mobilenet_v2', 1.4, 224, 1e6, 2, '610.19'],
    ['ptflops', 'xception', 1, 299, 1e9, 2, '8.42'],
    ['thop', 'mobilenet_v2', 1, 224, 1e9, 2, '0.33'],
    ['openvino', 'mobilenet_v2', 1, 224, 1e6, 1, '614.9'],
    ['openvino', 'mobilenet_v2', 1, 224, 1e9, 3, '0.615'],
  ] as const)('%s: %s α %d at %d', (convention, id, alpha, resolution, unit, decimals, printed) => {
    expect((count(networkOf(id, alpha, resolution), convention) / unit).toFixed(decimals)).toBe(printed);
  });

  it('tf.profiler: each end-point of MobileNet v1', () => {
    const { layers } = networkOf('mobilenet_v1', 1, 224);
    let flops = 0;
    for (const [name, , , , , , published] of mobilenetV1Layers) {
      flops += countByRule(layers.find((layer) => layer.name === name)!, conventions.tfprofiler.rule);
      if (published !== undefined) expect(flops / 1e9).toBeCloseTo(published, 3);
    }
  });

  it.each([
    ['slim', 'mobilenet_v1', 1, 4_243_945],
    ['slim', 'mobilenet_v1', 0.25, 473_065],
    ['slim', 'mobilenet_v2', 1, 3_472_041],
    ['slim', 'mobilenet_v2', 0.35, 1_664_329],
    ['openvino', 'mobilenet_v2', 1, 3_489_097],
    ['keras', 'mobilenet_v2', 1, 3_538_984],
    ['torch', 'mobilenet_v2', 1.4, 6_108_776],
    ['paper', 'mobilenet_v1', 1, 4_209_088],
    ['paper', 'xception', 1, 22_855_952],
  ] as const)('%s: parameters of %s α %d', (convention, id, alpha, expected) => {
    const { classes } = conventions[convention];
    expect(countParameters(networkOf(id, alpha, 224, 'tensorflow', classes), convention)).toBe(expected);
  });
});

it('every convention has a definition of one line', () => {
  expect(Object.keys(conventions)).toEqual([...conventionIds]);
  for (const { definition, unit, rule } of Object.values(conventions)) {
    expect(definition).toMatch(/^[^\n]+\.$/);
    expect(unit).toBe(rule.perMac === 2 ? 'FLOPs' : 'MACs');
  }
});
