import type { GraphCost, OperatorCount } from '../cost/graph-tally.js';
import type { Section } from './table.js';
import { grouped } from './units.js';

/** A graph of foreign operators: what could be counted, and what could not. */
export function graphSections(cost: GraphCost, options: { readonly layers?: boolean } = {}): readonly Section[] {
  const { file, format, reason, input, macs, flops, params, layers, without, notCounted } = cost;
  const share = (value: number) => `${(100 * value).toFixed(2)} %`;
  const totals = [
    ['MACs', macs],
    ['FLOPs', flops],
    ['parameters, weights', params.weights],
    ['parameters, bias', params.bias],
  ] as const;
  return [
    {
      lines: [
        `${file} · ${format}${input.length > 0 ? ` · input ${input.join('×')}` : ''}`,
        `counted from the graph, since it has ${reason}`,
      ],
    },
    {
      table: {
        columns: [
          { name: '', side: 'left' },
          { name: 'network', side: 'right', format: grouped },
        ],
        rows: totals,
      },
      isMain: !options.layers,
    },
    ...(options.layers
      ? [
          {
            table: {
              columns: [
                { name: 'layer', side: 'left' },
                { name: 'operator', side: 'left', spare: 3 },
                { name: 'output', side: 'left', spare: 2 },
                { name: 'MACs share', side: 'right', format: share, spare: 1 },
                { name: 'MACs', side: 'right', format: grouped },
                { name: 'parameters', side: 'right', format: grouped },
              ],
              rows: [
                ...layers.map((layer) => [
                  layer.name,
                  layer.operator,
                  layer.output.join('×'),
                  macs === 0 ? null : layer.macs / macs,
                  layer.macs,
                  layer.weights + layer.bias,
                ]),
                ['total', null, null, macs === 0 ? null : 1, macs, params.weights + params.bias],
              ],
            },
            isMain: true,
          } satisfies Section,
        ]
      : []),
    {
      lines: [
        ...(notCounted.length > 0 ? [`NOT COUNTED, in none of the figures: ${listOperators(notCounted)}.`] : []),
        ...(without.length > 0 ? [`Without multiply-accumulates: ${listOperators(without)}.`] : []),
        `MACs = multiply-accumulates of convolutions and dense layers, FLOPs = ${macs > 0 && flops === macs ? 1 : 2} × MACs.`,
      ],
    },
  ];
}

function listOperators(counts: readonly OperatorCount[]): string {
  return counts.map(({ operator, times }) => (times === 1 ? operator : `${operator} (${times} times)`)).join(', ');
}
