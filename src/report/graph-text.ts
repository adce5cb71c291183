import type { GraphCost, OperatorCount } from '../cost/graphs/tally.js';
import { definitions, groupRows } from './cost-text.js';
import type { Column, Section } from './table.js';
import { grouped } from './units.js';

/** A graph of foreign operators: what could be counted, and what could not. */
export function graphSections(cost: GraphCost, options: { readonly layers?: boolean } = {}): readonly Section[] {
  const { file, format, reason, input, without, notCounted, groups } = cost;
  return [
    {
      lines: [
        `${file} · ${format}${input.length > 0 ? ` · input ${input.join('×')}` : ''}`,
        `counted from the graph, because it has ${reason}`,
      ],
    },
    { ...totals(cost), isMain: !options.layers && !groups },
    ...(groups ? [{ ...groupRows(cost), isMain: !options.layers }] : []),
    ...(options.layers ? [{ ...layerRows(cost), isMain: true }] : []),
    {
      lines: [
        ...(notCounted.length > 0 ? [notCountedLine(notCounted)] : []),
        ...(without.length > 0 ? [`Without multiply-accumulates: ${listOperators(without)}.`] : []),
        ...definitions(cost),
      ],
    },
  ];
}

export function notCountedLine(counts: readonly OperatorCount[]): string {
  return `NOT COUNTED, missing from all figures: ${listOperators(counts)}.`;
}

function totals({ macs, flops, params, counted }: GraphCost): Section {
  const isChosen = !counted.plain || counted.convention !== 'paper';
  return {
    table: {
      columns: [
        { name: '', side: 'left' },
        { name: 'network', side: 'right', format: grouped },
      ],
      rows: [
        ...(isChosen ? [[`${counted.unit} as ${counted.convention} counts`, counted.count]] : []),
        ...(isChosen ? [[`parameters as ${counted.convention} counts`, counted.params]] : []),
        ['MACs', macs],
        ['FLOPs', flops],
        ['parameters, trainable', params.trainable],
        ['  weights alone', params.weights],
        ['  bias', params.bias],
        ['  batch norm folded', params.folded],
        ['  with running statistics', params.total],
      ],
    },
  };
}

function layerRows({ macs, params, counted, layers }: GraphCost): Section {
  const share = (value: number) => `${(100 * value).toFixed(2)} %`;
  const count: Column = { name: counted.unit === 'MACs' ? 'counted' : 'FLOPs', side: 'right', format: grouped };
  const counts = (value: number) => (counted.plain ? [] : [value]);
  return {
    table: {
      columns: [
        { name: 'layer', side: 'left' },
        { name: 'operator', side: 'left', spare: 3 },
        { name: 'output', side: 'left', spare: 2 },
        ...(counted.plain ? [] : [count]),
        { name: 'MACs share', side: 'right', format: share, spare: 1 },
        { name: 'MACs', side: 'right', format: grouped },
        { name: 'parameters', side: 'right', format: grouped },
      ],
      rows: [
        ...layers.map((layer) => [
          ...[layer.name, layer.operator, layer.output.join('×'), ...counts(layer.count)],
          ...[macs === 0 ? null : layer.macs / macs, layer.macs, layer.params],
        ]),
        ['total', null, null, ...counts(counted.count), macs === 0 ? null : 1, macs, params.total],
      ],
    },
  };
}

function listOperators(counts: readonly OperatorCount[]): string {
  return counts.map(({ operator, times }) => (times === 1 ? operator : `${operator} (${times} times)`)).join(', ');
}
