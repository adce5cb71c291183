import { cost } from '../../src/cost/cost.js';
import { explainBlock } from '../../src/cost/explain.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { ResolvedLayer, Shape } from '../../src/networks/types.js';
import { alexnet, countRows, googlenet, squeezenet, vgg16, vgg16Convolutions } from './other-networks.js';

/** One figure of arXiv:1704.04861, tables 1 to 10. */
export interface Cell {
  readonly table: number;
  readonly row: string;
  readonly column: string;
  /** As printed, without its unit. */
  readonly printed: string;
  /** What is computed, written with the paper's digits; absent where nothing can be. */
  readonly computed?: string;
  /** How it has to be counted for that, where not plainly. */
  readonly way?: string;
  /** Why the figure is not reproduced; absent where it is. */
  readonly reason?: string;
}

type Figure = Pick<Cell, 'printed' | 'computed' | 'way' | 'reason'>;

const TRAINED = 'what trained weights reach on pictures, no count';
const CUT = 'truncated, not rounded';
const DOGS = 'of a training of its own on pictures of dogs, no count';

/** The parameters that the paper counts: weights and the classifier's biases, no batch norms. */
function countOwn(id: string, alpha: number, resolution: number, classes = 1000) {
  const { macs, params, layers } = cost(resolve(buildNetwork(id, { alpha, classes }), { resolution }));
  const classifier = layers.findLast(({ kind }) => kind === 'dense')!.macs;
  return { macs, params: params.weights + classes, classifier };
}

function megas(value: number, printed: string, way?: string): Figure {
  const decimals = printed.split('.')[1]?.length ?? 0;
  const shown = way?.includes(CUT) ? Math.floor((value / 1e6) * 10 ** decimals) / 10 ** decimals : value / 1e6;
  return { printed, computed: shown.toFixed(decimals), ...(way && { way }) };
}

interface Row {
  readonly name: string;
  readonly top1: string;
  readonly macs: Figure;
  readonly params: Figure;
}

function own(
  name: string,
  top1: string,
  macs: string,
  params: string,
  network: readonly [id: string, alpha: number, resolution: number, classes?: number],
  way?: string,
): Row {
  const counted = countOwn(...network);
  // The rows about dogs print the MACs of the network with 1000 classes.
  const whole = network[3] === undefined ? counted : countOwn(network[0], network[1], network[2]);
  const without = way?.includes('without the classifier') ? whole.classifier : 0;
  return { name, top1, macs: megas(whole.macs - without, macs, way), params: megas(counted.params, params) };
}

const V1 = 'mobilenet_v1';
const whole: Row = own('1.0 MobileNet-224', '70.6', '569', '4.2', [V1, 1, 224]);

const google = countRows(googlenet);
const squeeze = countRows(squeezenet);
const alex = countRows(alexnet);
const vgg = countRows(vgg16);

const others: Readonly<Record<'google' | 'vgg' | 'squeeze' | 'alex', Row>> = {
  google: {
    name: 'GoogleNet',
    top1: '69.8',
    macs: { ...megas(google.macs, '1550'), reason: 'its layers give 1583 M, no way of counting 1550' },
    params: { ...megas(google.weights, '6.8'), reason: 'its layers give 7.0 M, no way of counting 6.8' },
  },
  vgg: {
    name: 'VGG 16',
    top1: '71.5',
    macs: {
      printed: '15300',
      computed: String(Number((countRows(vgg16Convolutions).macs / 1e6).toPrecision(3))),
      way: 'without its dense layers, three digits',
    },
    params: megas(vgg.weights + vgg.biases, '138'),
  },
  squeeze: {
    name: 'SqueezeNet',
    top1: '57.5',
    macs: {
      printed: '1700',
      computed: String(Number((squeeze.macs / 1e6).toPrecision(2))),
      reason: 'its layers give 861 M: 1700 are FLOPs, two for each multiply-accumulate, in two digits',
    },
    params: megas(squeeze.weights + squeeze.biases, '1.25'),
  },
  alex: {
    name: 'AlexNet',
    top1: '57.2',
    macs: { printed: '720', computed: String(Number((alex.macs / 1e6).toPrecision(2))), way: 'two digits' },
    params: megas(alex.weights + alex.biases, '60', CUT),
  },
};

/** Inception V3 with a head for dogs; neither the head nor the side heads that it counts are described. */
const inceptionDogs: Row = {
  name: 'Inception V3',
  top1: '84',
  macs: { printed: '5000', reason: 'a network of other authors with an unknown head' },
  params: { printed: '23.2', reason: 'a network of other authors with an unknown head' },
};

const accuracyTables: readonly (readonly [number, readonly Row[]])[] = [
  [
    4,
    [
      own('Conv MobileNet', '71.7', '4866', '29.3', ['mobilenet_v1_full_conv', 1, 224], 'without the classifier'),
      { ...whole, name: 'MobileNet' },
    ],
  ],
  [
    5,
    [
      own('0.75 MobileNet', '68.4', '325', '2.6', [V1, 0.75, 224]),
      own('Shallow MobileNet', '65.3', '307', '2.9', ['mobilenet_v1_shallow', 1, 224]),
    ],
  ],
  [
    6,
    [
      whole,
      own('0.75 MobileNet-224', '68.4', '325', '2.6', [V1, 0.75, 224]),
      own('0.5 MobileNet-224', '63.7', '149', '1.3', [V1, 0.5, 224], CUT),
      own('0.25 MobileNet-224', '50.6', '41', '0.5', [V1, 0.25, 224]),
    ],
  ],
  [
    7,
    [
      whole,
      own('1.0 MobileNet-192', '69.1', '418', '4.2', [V1, 1, 192]),
      own('1.0 MobileNet-160', '67.2', '290', '4.2', [V1, 1, 160], CUT),
      own('1.0 MobileNet-128', '64.4', '186', '4.2', [V1, 1, 128]),
    ],
  ],
  [8, [whole, others.google, others.vgg]],
  [9, [own('0.50 MobileNet-160', '60.2', '76', '1.32', [V1, 0.5, 160], CUT), others.squeeze, others.alex]],
  [
    10,
    [
      inceptionDogs,
      own('1.0 MobileNet-224', '83.3', '569', '3.3', [V1, 1, 224, 120]),
      own('0.75 MobileNet-224', '81.9', '325', '1.9', [V1, 0.75, 224, 120]),
      own('1.0 MobileNet-192', '81.9', '418', '3.3', [V1, 1, 192, 120]),
      own('0.75 MobileNet-192', '80.5', '239', '1.9', [V1, 0.75, 192, 120]),
    ],
  ],
];

/** Type and stride, filter, input. */
const body: readonly (readonly [string, string, string])[] = [
  ['Conv / s2', '3×3×3×32', '224×224×3'],
  ['Conv dw / s1', '3×3×32 dw', '112×112×32'],
  ['Conv / s1', '1×1×32×64', '112×112×32'],
  ['Conv dw / s2', '3×3×64 dw', '112×112×64'],
  ['Conv / s1', '1×1×64×128', '56×56×64'],
  ['Conv dw / s1', '3×3×128 dw', '56×56×128'],
  ['Conv / s1', '1×1×128×128', '56×56×128'],
  ['Conv dw / s2', '3×3×128 dw', '56×56×128'],
  ['Conv / s1', '1×1×128×256', '28×28×128'],
  ['Conv dw / s1', '3×3×256 dw', '28×28×256'],
  ['Conv / s1', '1×1×256×256', '28×28×256'],
  ['Conv dw / s2', '3×3×256 dw', '28×28×256'],
  ['Conv / s1', '1×1×256×512', '14×14×256'],
  // Printed once, as “5×”.
  ...Array.from({ length: 5 }, () => [
    ['Conv dw / s1', '3×3×512 dw', '14×14×512'] as const,
    ['Conv / s1', '1×1×512×512', '14×14×512'] as const,
  ]).flat(),
  ['Conv dw / s2', '3×3×512 dw', '14×14×512'],
  ['Conv / s1', '1×1×512×1024', '7×7×512'],
  ['Conv dw / s2', '3×3×1024 dw', '7×7×1024'],
  ['Conv / s1', '1×1×1024×1024', '7×7×1024'],
  ['Avg Pool / s1', 'Pool 7×7', '7×7×1024'],
  ['FC / s1', '1024×1000', '1×1×1024'],
  ['Softmax / s1', 'Classifier', '1×1×1000'],
];

function describeLayer(layer: ResolvedLayer): readonly [string, string, string] {
  const [first] = layer.inputShapes as [Shape];
  const input = `${first.height}×${first.width}×${first.channels}`;
  const outputs = layer.outputShape.channels;
  switch (layer.kind) {
    case 'conv':
      return [`Conv / s${layer.stride}`, `${window(layer.kernelSize)}×${first.channels}×${outputs}`, input];
    case 'depthwise':
      return [`Conv dw / s${layer.stride}`, `${window(layer.kernelSize)}×${outputs} dw`, input];
    case 'pointwise':
      return [`Conv / s${layer.stride}`, `1×1×${first.channels}×${outputs}`, input];
    case 'globalAveragePool':
      return ['Avg Pool / s1', `Pool ${first.height}×${first.width}`, input];
    case 'dense':
      return ['FC / s1', `${first.channels}×${outputs}`, input];
    case 'softmax':
      return ['Softmax / s1', 'Classifier', input];
    default:
      throw new Error(`${layer.name}: table 1 has no such layer`);
  }
}

function window(size: number): string {
  return `${size}×${size}`;
}

function table1(): Cell[] {
  const { layers } = resolve(buildNetwork(V1), { resolution: 224 });
  if (layers.length !== body.length) throw new Error(`${layers.length} layers, table 1 has ${body.length}`);
  return body.flatMap((printed, index) => {
    const computed = describeLayer(layers[index]!);
    return ['type and stride', 'filter', 'input'].map((column, place): Cell => {
      const cell = { table: 1, row: `row ${index + 1}`, column, printed: printed[place]!, computed: computed[place]! };
      const isSlip = layers[index]!.name === 'conv_dw_13' && place === 0;
      return isSlip ? { ...cell, reason: 'a slip: from 7×7 to 7×7, as the next row has it, is stride 1' } : cell;
    });
  });
}

function table2(): Cell[] {
  const { kinds, macs, params } = cost(resolve(buildNetwork(V1), { resolution: 224 }));
  return (
    [
      ['Conv 1×1', 'pointwise', '94.86', '74.59'],
      ['Conv DW 3×3', 'depthwise', '3.06', '1.06'],
      ['Conv 3×3', 'conv', '1.19', '0.02'],
      ['Fully Connected', 'dense', '0.18', '24.33'],
    ] as const
  ).flatMap(([row, name, shareOfMacs, shareOfWeights]): Cell[] => {
    const kind = kinds.find((each) => each.kind === name)!;
    const percent = (part: number, all: number) => ((100 * part) / all).toFixed(2);
    const cell = { table: 2, row, column: 'mult-adds, %', printed: shareOfMacs, computed: percent(kind.macs, macs) };
    const slip = 'two digits swapped: 1.91, without which the column adds up to 99.29';
    return [
      name === 'conv' ? { ...cell, reason: slip } : cell,
      {
        ...{ table: 2, row, column: 'parameters, %', printed: shareOfWeights },
        ...{ computed: percent(kind.weights, params.weights), way: 'weights alone' },
      },
    ];
  });
}

function table3(): Cell[] {
  const { steps } = explainBlock({ dk: 3, m: 512, n: 512, df: 14 });
  return (
    [
      ['Convolution', '462', '2.36'],
      ['Depthwise Separable Conv', '52.3', '0.27'],
      ['α = 0.75', '29.6', '0.15'],
      ['ρ = 0.714', '15.1', '0.15'],
    ] as const
  ).flatMap(([row, macs, weights], index): Cell[] => [
    { table: 3, row, column: 'mult-adds, M', ...megas(steps[index]!.macs.value, macs) },
    { table: 3, row, column: 'parameters, M', ...megas(steps[index]!.weights.value, weights) },
  ]);
}

/** Every figure of the paper's tables 1 to 10. */
export const paperCells: readonly Cell[] = [
  ...table1(),
  ...table2(),
  ...table3(),
  ...accuracyTables.flatMap(([table, rows]) =>
    rows.flatMap(({ name: row, top1, macs, params }): Cell[] => [
      { table, row, column: 'top-1, %', printed: top1, reason: table === 10 ? DOGS : TRAINED },
      { table, row, column: 'mult-adds, M', ...macs },
      { table, row, column: 'parameters, M', ...params },
    ]),
  ),
];
