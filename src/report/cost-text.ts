import type { CostRecord, LayerRecord } from '../cost/describe.js';
import type { Pads } from '../networks/types.js';
import { publishedSections } from './published-text.js';
import type { Column, Section } from './table.js';
import { alphaText, grouped, sizeText } from './units.js';

/** What the text says about the network besides its counts. */
export interface NetworkFacts {
  readonly title: string;
  readonly paper: string;
  readonly published: readonly { readonly alphas: readonly number[]; readonly resolutions: readonly number[] }[];
  readonly hasAlpha: boolean;
}

export interface CostTextOptions {
  readonly layers?: boolean;
}

/** A cost as the parts of a page: totals, the standard-convolution twin, shares, published figures; CSV takes the layers, the groups, or else the totals. */
export function costSections(cost: CostRecord, facts: NetworkFacts, options: CostTextOptions = {}): readonly Section[] {
  const { alpha, resolution, classes, groups } = cost;
  const width = facts.published.length > 0 ? ` · α ${alphaText(alpha)}` : '';
  const head = `${facts.title}${width} · ${resolution}×${resolution} · ${grouped(classes)} classes`;
  return [
    { lines: [head, facts.paper, ...remarks(cost, facts)] },
    { ...totals(cost), isMain: !options.layers && !groups },
    groups ? { ...groupRows(cost), isMain: !options.layers } : shares(cost),
    ...publishedSections(cost),
    ...(options.layers ? [{ ...layerRows(cost), isMain: true }] : []),
    { lines: definitions(cost) },
  ];
}

function remarks({ alpha, resolution, published }: CostRecord, facts: NetworkFacts): readonly string[] {
  const lines: string[] = [];
  if (!facts.hasAlpha && alpha !== 1) {
    lines.push(`${facts.title} has no width multiplier: α ${alphaText(alpha)} is an extension of this program.`);
  }
  if (!published && facts.published.length > 0) {
    const sets = facts.published.map(
      ({ alphas, resolutions }) => `α ${alphas.map(alphaText).join(', ')} at ${resolutions.join(', ')}`,
    );
    lines.push(`α ${alphaText(alpha)} at ${resolution} is not published; published: ${sets.join('; ')}.`);
  }
  return lines;
}

/** What a network of this project's and a foreign graph have alike. */
type Countings = Pick<CostRecord, 'macs' | 'flops' | 'params' | 'groups'> & {
  readonly counted: Omit<CostRecord['counted'], 'standard'>;
};

/** What the counts mean; printed wherever they are. */
export function definitions({ macs, flops, counted }: Countings): readonly string[] {
  const perMac = macs > 0 && flops === macs ? 1 : 2;
  const plain = `MACs = multiply-accumulates of convolutions and dense layers, FLOPs = ${perMac} × MACs.`;
  if (counted.convention === 'paper' && counted.plain && !counted.definition.includes('Changed')) return [plain];
  return [plain, counted.definition];
}

function totals(cost: CostRecord): Section {
  const { macs, flops, params, memory, standard, counted, peak, measured } = cost;
  const row = (name: string, own: number, twin: number) => [name, own, twin, own === 0 ? null : twin / own];
  const isChosen = !counted.plain || counted.convention !== 'paper' || counted.definition.includes('Changed');
  const ruleNames = { slimV1: 'weights, biases, 3 batch-norm vectors', weightsAndBias: 'weights and biases' };
  return {
    table: {
      columns: [
        { name: '', side: 'left' },
        { name: 'network', side: 'right', format: grouped },
        { name: 'standard convolutions', side: 'right', format: grouped, spare: 2 },
        { name: 'saving', side: 'right', format: (ratio) => `${ratio.toFixed(2)} ×`, spare: 1 },
      ],
      rows: [
        ...(isChosen ? [row(`${counted.unit} as ${counted.convention} counts`, counted.count, counted.standard)] : []),
        ...(isChosen ? [[`parameters as ${counted.convention} counts`, counted.params, null, null]] : []),
        row('MACs', macs, standard.macs),
        row('FLOPs', flops, standard.flops),
        row('parameters, trainable', params.trainable, standard.params.trainable),
        row('  weights alone', params.weights, standard.params.weights),
        ...(counted.paramsRule === 'slimV1' || counted.paramsRule === 'weightsAndBias'
          ? [[`  ${ruleNames[counted.paramsRule]}`, counted.params, null, null]]
          : []),
        row('  batch norm folded', params.folded, standard.params.folded),
        row('  with running statistics', params.total, standard.params.total),
        ['memory, weights (folded, f32)', inBytes(memory.weights), null, null],
        ['memory, largest live activations', inBytes(memory.activations), null, null],
        ['  at layer', peak.layer, null, null],
        ...(measured
          ? [
              [`time, ${measured.weights}`, { value: measured.ms, text: `${measured.ms.toFixed(2)} ms` }, null, null],
              [
                'speed',
                { value: measured.gmacsPerSecond, text: `${measured.gmacsPerSecond.toFixed(1)} GMAC/s` },
                null,
                null,
              ],
            ]
          : []),
      ],
    },
  };
}

const inBytes = (bytes: number) => ({ value: bytes, text: sizeText(bytes) });

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function shares({ kinds, macs, params }: CostRecord): Section {
  return {
    table: {
      columns: [
        { name: 'kind', side: 'left' },
        { name: 'MACs', side: 'right', format: grouped },
        { name: 'share', side: 'right', format: percent },
        { name: 'weights', side: 'right', format: grouped },
        { name: 'share', side: 'right', format: percent },
      ],
      rows: kinds.map((kind) => [
        kind.kind,
        kind.macs,
        divide(kind.macs, macs),
        kind.weights,
        divide(kind.weights, params.weights),
      ]),
    },
  };
}

export function groupRows(cost: Countings): Section {
  const { groups = [], macs, params, counted } = cost;
  const counts: Column[] = counted.plain ? [] : [{ name: counted.unit, side: 'right', format: grouped }];
  const sum = (pick: (group: (typeof groups)[number]) => number) => groups.reduce((all, each) => all + pick(each), 0);
  const row = (name: string, layers: number, own: number, count: number, weights: number, total: number) => [
    ...[name, layers, own, divide(own, macs)],
    ...(counted.plain ? [] : [count]),
    ...[weights, total, divide(total, params.total)],
  ];
  return {
    table: {
      columns: [
        { name: 'group', side: 'left' },
        { name: 'layers', side: 'right' },
        { name: 'MACs', side: 'right', format: grouped },
        { name: 'MACs share', side: 'right', format: percent },
        ...counts,
        { name: 'weights', side: 'right', format: grouped, spare: 1 },
        { name: 'parameters', side: 'right', format: grouped },
        { name: 'parameters share', side: 'right', format: percent, spare: 2 },
      ],
      rows: [
        ...groups.map((group) =>
          row(group.name, group.layers, group.macs, group.count, group.params.weights, group.params.total),
        ),
        row(
          'total',
          sum(({ layers }) => layers),
          macs,
          counted.count,
          params.weights,
          params.total,
        ),
      ],
    },
  };
}

function layerRows(cost: CostRecord): Section {
  const { layers, macs, params, counted, peak, measured } = cost;
  const count = { name: counted.unit === 'MACs' ? 'counted' : 'FLOPs', side: 'right', format: grouped } as const;
  const columns: Column[] = [
    { name: 'layer', side: 'left' },
    { name: 'kind', side: 'left', spare: 6 },
    { name: 'input', side: 'left', spare: 5 },
    { name: 'output', side: 'left', spare: 2 },
    { name: 'kernel', side: 'left', spare: 9 },
    { name: 'pads', side: 'left', spare: 12 },
    { name: 'field', side: 'right', spare: 10 },
    { name: 'eff. stride', side: 'right', spare: 11 },
    { name: 'live bytes', side: 'right', format: grouped, spare: 4 },
    { name: 'MAC/byte', side: 'right', format: (value) => value.toFixed(2), spare: 8 },
    ...(measured
      ? ([
          { name: 'ms', side: 'right', format: (value: number) => value.toFixed(4) },
          { name: 'GMAC/s', side: 'right', format: (value: number) => value.toFixed(1), spare: 1 },
        ] as const)
      : []),
    ...(counted.plain ? [] : [count]),
    { name: 'MACs share', side: 'right', format: percent, spare: 3 },
    { name: 'parameters share', side: 'right', format: percent, spare: 7 },
    { name: 'MACs', side: 'right', format: grouped },
    { name: 'parameters', side: 'right', format: grouped },
  ];
  const row = (layer: LayerRecord) => [
    layer.name,
    layer.kind,
    layer.input.join('×'),
    layer.output.join('×'),
    layer.kernelSize === null ? null : `${layer.kernelSize}×${layer.kernelSize}/${layer.stride}`,
    padsText(layer.pads),
    layer.receptiveField?.size ?? null,
    layer.receptiveField?.stride ?? null,
    layer.live,
    layer.intensity,
    ...(measured ? [layer.ms ?? null, layer.gmacsPerSecond ?? null] : []),
    ...(counted.plain ? [] : [layer.count]),
    layer.macsShare,
    layer.paramsShare,
    layer.macs,
    layer.params,
  ];
  const milliseconds = layers.reduce((sum, { ms }) => sum + (ms ?? 0), 0);
  const total = [
    ...['total', null, null, null, null, null, null, null, peak.bytes, null],
    ...(measured ? [milliseconds, divide(macs / 1e6, milliseconds)] : []),
    ...(counted.plain ? [] : [counted.count]),
    ...[divide(macs, macs), divide(params.total, params.total), macs, params.total],
  ];
  return { table: { columns, rows: [...layers.map(row), total] } };
}

/** Top, right, bottom, left as in style sheets; one number where all are the same. */
function padsText(pads: Pads | null): string | null {
  if (pads === null) return null;
  const { top, right, bottom, left } = pads;
  if (top === right && top === bottom && top === left) return String(top);
  return `${top} ${right} ${bottom} ${left}`;
}

function divide(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
