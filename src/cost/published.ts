import type { Erratum, PublishedAccuracy, PublishedCount, PublishedLatency, Reading } from './published-types.js';

/** Where the figures were printed. */
export const sources = {
  v1: 'arXiv:1704.04861',
  v2: 'arXiv:1801.04381, table 4',
  xception: 'arXiv:1610.02357',
  efficientnet: 'arXiv:1905.11946, table 2',
  efficientnetLite: 'tensorflow/tpu, efficientnet/lite/README.md',
  slimV1: 'TF-slim mobilenet_v1.md, 2018_02_22',
  slimV1Old: 'TF-slim mobilenet_v1.md, 2017_06_14',
  slimV2: 'TF-slim mobilenet/README.md',
  kerasDocs: 'Keras documentation',
  kerasSummary: 'Keras summary()',
  kerasMeasured: 'keras-applications README, measured again',
  torchvision: 'torchvision documentation',
  kito: 'Keras-inference-time-optimizer README',
  omz: 'OpenVINO Open Model Zoo',
  timm: 'timm results',
  imgclsmob: 'imgclsmob README',
  thop: 'THOP README',
  ptflops: 'ptflops README',
  profiler: 'google-research/receptive_field table',
} as const;

const v1Table = (table: string) => `${sources.v1}, ${table}`;

/** α, resolution, printed MACs (M), top-1, top-5, and the uint8 model's two (TF-slim, 2018_02_22). */
const slimV1Rows = [
  [1, 224, '569', 70.9, 89.9, 69.7, 89.5],
  [1, 192, '418', 70.0, 89.2, 69.0, 88.9],
  [1, 160, '291', 68.0, 87.7, 67.3, 87.7],
  [1, 128, '186', 65.2, 85.8, 64.0, 85.5],
  [0.75, 224, '317', 68.4, 88.2, 67.9, 88.1],
  [0.75, 192, '233', 67.2, 87.3, 66.2, 87.1],
  [0.75, 160, '162', 65.3, 86.0, 63.9, 85.5],
  [0.75, 128, '104', 62.1, 83.9, 59.8, 82.8],
  [0.5, 224, '150', 63.3, 84.9, 62.2, 84.5],
  [0.5, 192, '110', 61.7, 83.6, 60.4, 83.2],
  [0.5, 160, '77', 59.1, 81.9, 57.7, 81.3],
  [0.5, 128, '49', 56.3, 79.4, 54.9, 78.9],
  [0.25, 224, '41', 49.8, 74.2, 48.2, 73.8],
  [0.25, 192, '34', 47.7, 72.3, 45.8, 71.9],
  [0.25, 160, '21', 45.5, 70.3, 43.5, 69.1],
  [0.25, 128, '14', 41.5, 66.3, 39.9, 65.8],
] as const;

/** α, resolution, printed MACs (M), top-1, top-5, milliseconds on a Pixel 1 (TF-slim). */
const slimV2Rows = [
  [1.4, 224, '582', 75.0, 92.5, 138.0],
  [1.3, 224, '509', 74.4, 92.1, 123.0],
  [1, 224, '300', 71.8, 91.0, 73.8],
  [1, 192, '221', 70.7, 90.1, 55.1],
  [1, 160, '154', 68.8, 89.0, 40.2],
  [1, 128, '99', 65.3, 86.9, 27.6],
  [1, 96, '56', 60.3, 83.2, 17.6],
  [0.75, 224, '209', 69.8, 89.6, 55.8],
  [0.75, 192, '153', 68.7, 88.9, 41.6],
  [0.75, 160, '107', 66.4, 87.3, 30.4],
  [0.75, 128, '69', 63.2, 85.3, 21.9],
  [0.75, 96, '39', 58.8, 81.6, 14.2],
  [0.5, 224, '97', 65.4, 86.4, 28.7],
  [0.5, 192, '71', 63.9, 85.4, 21.1],
  [0.5, 160, '50', 61.0, 83.2, 14.9],
  [0.5, 128, '32', 57.7, 80.8, 9.9],
  [0.5, 96, '18', 51.2, 75.8, 6.4],
  [0.35, 224, '59', 60.3, 82.9, 19.7],
  [0.35, 192, '43', 58.2, 81.2, 14.6],
  [0.35, 160, '30', 55.7, 79.1, 10.5],
  [0.35, 128, '20', 50.8, 75.0, 6.9],
  [0.35, 96, '11', 45.5, 70.4, 4.5],
] as const;

/** Rows of arXiv:1704.04861 on ImageNet: network, α, resolution, MACs (M), how they are counted, table. */
const v1PaperMacs: readonly (readonly [string, number, number, string, Reading, string])[] = [
  ['mobilenet_v1_full_conv', 1, 224, '4866', { without: 'classifier' }, 'table 4'],
  ['mobilenet_v1_shallow', 1, 224, '307', {}, 'table 5'],
  ['mobilenet_v1', 1, 224, '569', {}, 'tables 4, 6, 7, 8'],
  ['mobilenet_v1', 0.75, 224, '325', {}, 'tables 5, 6'],
  ['mobilenet_v1', 0.5, 224, '149', { cut: true }, 'table 6'],
  ['mobilenet_v1', 0.25, 224, '41', {}, 'table 6'],
  ['mobilenet_v1', 1, 192, '418', {}, 'table 7'],
  ['mobilenet_v1', 1, 160, '290', { cut: true }, 'table 7'],
  ['mobilenet_v1', 1, 128, '186', {}, 'table 7'],
  ['mobilenet_v1', 0.5, 160, '76', { cut: true }, 'table 9'],
];

/** Network, α, printed parameters (M), table. All are weights without batch norms. */
const v1PaperParams: readonly (readonly [string, number, string, string])[] = [
  ['mobilenet_v1_full_conv', 1, '29.3', 'table 4'],
  ['mobilenet_v1_shallow', 1, '2.9', 'table 5'],
  ['mobilenet_v1', 1, '4.2', 'tables 4, 6, 7, 8'],
  ['mobilenet_v1', 0.75, '2.6', 'tables 5, 6'],
  ['mobilenet_v1', 0.5, '1.3', 'table 6'],
  ['mobilenet_v1', 0.5, '1.32', 'table 9'],
  ['mobilenet_v1', 0.25, '0.5', 'table 6'],
];

/** Table 10, Stanford Dogs (120 breeds): α, resolution, MACs (M), parameters (M). */
const dogs = [
  [1, 224, '569', '3.3'],
  [0.75, 224, '325', '1.9'],
  [1, 192, '418', '3.3'],
  [0.75, 192, '239', '1.9'],
] as const;

/** Table 12, face attributes: α, resolution, MACs (M), how counted; undefined where nothing gives them. */
const faces: readonly (readonly [number, number, string, Reading | undefined])[] = [
  [1, 224, '568', { without: 'classifier' }],
  [0.5, 224, '149', { without: 'classifier' }],
  [0.25, 224, '45', undefined],
  [1, 128, '185', { without: 'classifier' }],
  [0.5, 128, '48', { without: 'classifier', cut: true }],
  [0.25, 128, '15', undefined],
];

const kerasTotals: readonly (readonly [string, number, string])[] = [
  ['mobilenet_v1', 1, '4253864'],
  ['mobilenet_v1', 0.75, '2601976'],
  ['mobilenet_v1', 0.5, '1342536'],
  ['mobilenet_v1', 0.25, '475544'],
  ['mobilenet_v2', 1.4, '6156712'],
  ['mobilenet_v2', 1, '3538984'],
  ['mobilenet_v2', 0.75, '2663064'],
  ['mobilenet_v2', 0.5, '1987224'],
  ['mobilenet_v2', 0.35, '1691208'],
  ['xception', 1, '22910480'],
];

const NOTHING = 'no way of counting gives this';

/** Which rows are asked for; those of parameters hold at every resolution. */
export type Wanted = (network: string, alpha: number, resolution?: number) => boolean;

const everything: Wanted = () => true;

/** A filter of rows that begin with network, α and resolution. Destructuring a row would take longer than making it. */
const wantedRow = (isWanted: Wanted) => (row: readonly [string, number, number, ...unknown[]]) =>
  isWanted(row[0], row[1], row[2]);

/** The same of a table of one network, whose rows begin with α and resolution. */
const wantedRowOf = (network: string, isWanted: Wanted) => (row: readonly [number, number, ...unknown[]]) =>
  isWanted(network, row[0], row[1]);

/** Only the rows that are asked for are made: a start for one network would wait for the others'. */
export function publishedCounts(isWanted: Wanted = everything): readonly PublishedCount[] {
  return [
    ...v1TableCounts(isWanted),
    ...v1TransferCounts(isWanted),
    ...slimV1Counts(isWanted),
    ...kerasV1Counts(isWanted),
    ...slimV2Counts(isWanted),
    ...v2PaperCounts().filter(({ network, alpha, resolution }) => isWanted(network, alpha, resolution)),
    ...kerasSummaryCounts(isWanted),
    ...toolCounts().filter(({ network, alpha, resolution }) => isWanted(network, alpha, resolution)),
  ];
}

/** The tables of the paper that are about ImageNet. */
function v1TableCounts(isWanted: Wanted): readonly PublishedCount[] {
  return [
    ...v1PaperMacs
      .filter(wantedRow(isWanted))
      .map(([network, alpha, resolution, printed, reading, table]): PublishedCount => {
        return { network, alpha, resolution, quantity: 'MACs', printed, unit: 'M', source: v1Table(table), reading };
      }),
    ...v1PaperParams
      .filter(([network, alpha]) => isWanted(network, alpha))
      .map(([network, alpha, printed, table]): PublishedCount => {
        const reading: Reading = { params: 'weights' };
        return { network, alpha, quantity: 'parameters', printed, unit: 'M', source: v1Table(table), reading };
      }),
  ];
}

/** Its tables of other data sets. */
function v1TransferCounts(isWanted: Wanted): readonly PublishedCount[] {
  return [
    ...dogs
      .filter(wantedRowOf('mobilenet_v1', isWanted))
      .flatMap(([alpha, resolution, macs, params]): PublishedCount[] => {
        const row = { network: 'mobilenet_v1', alpha, resolution, classes: 120, unit: 'M' } as const;
        const source = v1Table('table 10, Stanford Dogs');
        // The MACs are those of the 1000-class network, the parameters those of the 120-class one.
        return [
          { ...row, quantity: 'MACs', printed: macs, source, reading: { classes: 1000 } },
          { ...row, quantity: 'parameters', printed: params, source, reading: { params: 'weights', classes: 120 } },
        ];
      }),
    ...faces
      .filter(wantedRowOf('mobilenet_v1', isWanted))
      .map(([alpha, resolution, printed, reading]): PublishedCount => {
        const source = v1Table('table 12, face attributes');
        const row = {
          network: 'mobilenet_v1',
          alpha,
          resolution,
          quantity: 'MACs',
          printed,
          unit: 'M',
          source,
        } as const;
        return reading ? { ...row, reading } : { ...row, note: NOTHING };
      }),
  ];
}

/** The table of TF-slim’s README. */
function slimV1Counts(isWanted: Wanted): readonly PublishedCount[] {
  return [
    ...slimV1Rows.filter(wantedRowOf('mobilenet_v1', isWanted)).map(([alpha, resolution, printed]): PublishedCount => {
      const row = { network: 'mobilenet_v1', alpha, resolution, quantity: 'MACs', printed, unit: 'M' } as const;
      const source = sources.slimV1;
      if (alpha === 0.75) return { ...row, source, reading: { without: 'firstConv' } };
      if (alpha === 0.5 && resolution === 224) return { ...row, source, reading: { withPool: true } };
      if (alpha === 0.25 && resolution === 192) return { ...row, source, note: `${NOTHING}: probably a slip` };
      return { ...row, source, reading: {} };
    }),
    ...(
      [
        [1, '4.24'],
        [0.75, '2.59'],
        [0.5, '1.34'],
        [0.25, '0.47'],
      ] as const
    )
      .filter(([alpha]) => isWanted('mobilenet_v1', alpha))
      .map(([alpha, printed]): PublishedCount => {
        const reading: Reading = { params: 'slimV1', classes: 1001 };
        const row = { network: 'mobilenet_v1', alpha, quantity: 'parameters', printed, unit: 'M', reading } as const;
        return { ...row, source: sources.slimV1 };
      }),
  ];
}

/** The table of Keras’s documentation. */
function kerasV1Counts(isWanted: Wanted): readonly PublishedCount[] {
  return [
    ...([224, 192, 160, 128] as const)
      .filter((resolution) => isWanted('mobilenet_v1', 1, resolution))
      .map((resolution): PublishedCount => {
        const row = {
          network: 'mobilenet_v1',
          alpha: 1,
          resolution,
          quantity: 'MACs',
          printed: '529',
          unit: 'M',
        } as const;
        return { ...row, source: sources.kerasDocs, note: `${NOTHING}: printed for all four resolutions, an error` };
      }),
  ];
}

/** The table of TF-slim’s README for MobileNet v2. */
function slimV2Counts(isWanted: Wanted): readonly PublishedCount[] {
  return [
    ...slimV2Rows.filter(wantedRowOf('mobilenet_v2', isWanted)).map(([alpha, resolution, printed]): PublishedCount => {
      const reading: Reading = { cut: true };
      const row = {
        network: 'mobilenet_v2',
        alpha,
        resolution,
        quantity: 'MACs',
        printed,
        unit: 'M',
        reading,
      } as const;
      return { ...row, source: sources.slimV2 };
    }),
    ...(
      [
        [1.4, '6.06'],
        [1.3, '5.34'],
        [1, '3.47'],
        [0.75, '2.61'],
        [0.5, '1.95'],
        [0.35, '1.66'],
      ] as const
    )
      .filter(([alpha]) => isWanted('mobilenet_v2', alpha))
      .map(([alpha, printed]): PublishedCount => {
        const reading: Reading = { params: 'weightsAndBias', classes: 1001 };
        const row = { network: 'mobilenet_v2', alpha, quantity: 'parameters', printed, unit: 'M', reading } as const;
        return { ...row, source: sources.slimV2 };
      }),
  ];
}

/** What `summary()` prints. */
function kerasSummaryCounts(isWanted: Wanted): readonly PublishedCount[] {
  return [
    ...kerasTotals
      .filter(([network, alpha]) => isWanted(network, alpha))
      .map(([network, alpha, printed]): PublishedCount => {
        const reading: Reading = { params: 'total' };
        return { network, alpha, quantity: 'parameters', printed, unit: '', source: sources.kerasSummary, reading };
      }),
  ];
}

function v2PaperCounts(): PublishedCount[] {
  const source = sources.v2;
  const v2 = { network: 'mobilenet_v2', unit: 'M', source } as const;
  return [
    { ...v2, alpha: 1, resolution: 224, quantity: 'MACs', printed: '300', reading: { cut: true } },
    { ...v2, alpha: 1, quantity: 'parameters', printed: '3.4', reading: { params: 'weights', cut: true } },
    { ...v2, alpha: 1.4, resolution: 224, quantity: 'MACs', printed: '585', note: NOTHING },
    { ...v2, alpha: 1.4, quantity: 'parameters', printed: '6.9', note: NOTHING },
    { ...v2, network: 'mobilenet_v1', alpha: 1, resolution: 224, quantity: 'MACs', printed: '575', note: NOTHING },
    {
      ...v2,
      network: 'mobilenet_v1',
      alpha: 1,
      quantity: 'parameters',
      printed: '4.2',
      reading: { params: 'weights' },
    },
  ];
}

/** What counting tools print for these networks. */
function toolCounts(): PublishedCount[] {
  const v1 = { network: 'mobilenet_v1', alpha: 1, resolution: 224 } as const;
  const v2 = { network: 'mobilenet_v2', alpha: 1, resolution: 224 } as const;
  const wide = { network: 'mobilenet_v2', alpha: 1.4, resolution: 224 } as const;
  const xception = { network: 'xception', alpha: 1, resolution: 299 } as const;
  const b0 = { network: 'efficientnet_b0', alpha: 1, resolution: 224 } as const;
  const macs = { quantity: 'MACs', unit: 'G' } as const;
  const { timm, thop, ptflops, profiler, omz, torchvision, kito } = sources;
  const params = (network: string, alpha: number, printed: string, source: string, reading: Reading, unit = '') =>
    ({ network, alpha, quantity: 'parameters', printed, unit: unit as 'M' | '', source, reading }) as const;
  return [
    { ...v1, quantity: 'FLOPs', unit: 'G', printed: '1.14', source: profiler, reading: { convention: 'tfprofiler' } },
    { ...v1, ...macs, printed: '0.58', source: timm, reading: { convention: 'fvcore' } },
    { ...v2, ...macs, printed: '0.31', source: timm, reading: { convention: 'fvcore' } },
    { ...xception, ...macs, printed: '8.40', source: timm, reading: { convention: 'fvcore' } },
    { ...v2, ...macs, printed: '0.33', source: thop, reading: { convention: 'thop' } },
    { ...v2, ...macs, printed: '0.32', source: ptflops, reading: { convention: 'ptflops' } },
    {
      ...{ ...wide, quantity: 'MACs', unit: 'M', printed: '610.1', source: 'flops-counter.pytorch#33' },
      reading: { convention: 'ptflops', without: 'pool' },
    },
    { ...xception, ...macs, printed: '8.42', source: ptflops, reading: { convention: 'ptflops' } },
    { ...v2, quantity: 'FLOPs', unit: 'G', printed: '0.615', source: omz, reading: { convention: 'openvino' } },
    { ...v2, ...macs, printed: '0.30', source: torchvision, reading: {} },
    { ...b0, ...macs, printed: '0.39', source: sources.efficientnet, reading: {} },
    ...(['8403.63', '8385.86'] as const).map((printed): PublishedCount => {
      const note = 'a convention of its own, near fvcore’s 8399.88';
      return { ...xception, quantity: 'MACs', unit: 'M', printed, source: sources.imgclsmob, note };
    }),
    params('mobilenet_v1', 1, '4221032', kito, { params: 'folded' }),
    params('mobilenet_v2', 1.4, '6084808', kito, { params: 'folded' }),
    params('xception', 1, '22828688', kito, { params: 'folded' }),
    params('mobilenet_v2', 1, '3504872', torchvision, { params: 'trainable' }),
    params('mobilenet_v2', 1.4, '6108776', torchvision, { params: 'trainable' }),
    params('mobilenet_v2', 1, '3.489', omz, { params: 'folded', classes: 1001 }, 'M'),
    params('xception', 1, '22855952', `${sources.xception}, table 3`, { params: 'trainable' }),
    params('efficientnet_b0', 1, '5.3', sources.efficientnet, { params: 'trainable' }, 'M'),
    ...liteRows.flatMap(([network, resolution, printed, macs, unit]): PublishedCount[] => [
      params(network, 1, printed, sources.efficientnetLite, { params: 'trainable' }, 'M'),
      {
        ...{ network, alpha: 1, resolution, quantity: 'MACs', unit, printed: macs, source: sources.efficientnetLite },
        note: 'counts what follows the convolutions too, by a convention that is not stated: 3 to 6 % more',
      },
    ]),
  ];
}

/** Network, resolution, parameters in millions, multiply-adds, top-1 in percent. */
const liteRows = [
  ['efficientnet_lite0', 224, '4.7', '407', 'M', 75.1],
  ['efficientnet_lite1', 240, '5.4', '631', 'M', 76.7],
  ['efficientnet_lite2', 260, '6.1', '899', 'M', 77.6],
  ['efficientnet_lite3', 280, '8.2', '1.44', 'G', 79.8],
  ['efficientnet_lite4', 300, '13.0', '2.64', 'G', 81.5],
] as const;

/** The first entry of a network is the one that tables and plots take. */
export const publishedAccuracies = (isWanted: Wanted = everything): readonly PublishedAccuracy[] => [
  ...slimV1Rows
    .filter(wantedRowOf('mobilenet_v1', isWanted))
    .flatMap(([alpha, resolution, , top1, top5, quantised1, quantised5]): PublishedAccuracy[] => {
      const row = { network: 'mobilenet_v1', alpha, resolution, source: sources.slimV1 };
      return [
        { ...row, top1, top5, dtype: 'f32' },
        { ...row, top1: quantised1, top5: quantised5, dtype: 'uint8' },
      ];
    }),
  ...slimV2Rows
    .filter(wantedRowOf('mobilenet_v2', isWanted))
    .map(([alpha, resolution, , top1, top5]): PublishedAccuracy => {
      return { network: 'mobilenet_v2', alpha, resolution, top1, top5, dtype: 'f32', source: sources.slimV2 };
    }),
  ...accuracies(isWanted, v1Table('tables 4 to 9'), [
    ['mobilenet_v1_full_conv', 1, 224, 71.7],
    ['mobilenet_v1_shallow', 1, 224, 65.3],
    ['mobilenet_v1', 1, 224, 70.6],
    ['mobilenet_v1', 1, 192, 69.1],
    ['mobilenet_v1', 1, 160, 67.2],
    ['mobilenet_v1', 1, 128, 64.4],
    ['mobilenet_v1', 0.75, 224, 68.4],
    ['mobilenet_v1', 0.5, 224, 63.7],
    ['mobilenet_v1', 0.5, 160, 60.2],
    ['mobilenet_v1', 0.25, 224, 50.6],
  ]),
  ...accuracies(isWanted, sources.slimV1Old, [
    ['mobilenet_v1', 1, 224, 70.7, 89.5],
    ['mobilenet_v1', 1, 192, 69.3, 88.9],
    ['mobilenet_v1', 1, 160, 67.2, 87.5],
    ['mobilenet_v1', 1, 128, 64.1, 85.3],
    ['mobilenet_v1', 0.75, 192, 67.4, 87.3],
    ['mobilenet_v1', 0.75, 160, 65.2, 86.1],
    ['mobilenet_v1', 0.75, 128, 61.8, 83.6],
  ]),
  ...accuracies(isWanted, sources.v2, [
    ['mobilenet_v2', 1, 224, 72.0],
    ['mobilenet_v2', 1.4, 224, 74.7],
  ]),
  ...accuracies(isWanted, sources.xception, [['xception', 1, 299, 79.0, 94.5]]),
  ...accuracies(isWanted, sources.efficientnet, [['efficientnet_b0', 1, 224, 77.1, 93.3]]),
  ...accuracies(
    isWanted,
    sources.efficientnetLite,
    liteRows.map(([network, resolution, , , , top1]) => [network, 1, resolution, top1] as const),
  ),
  ...accuracies(isWanted, sources.kerasMeasured, [
    ['mobilenet_v1', 1, 224, 70.424, 89.504],
    ['mobilenet_v1', 0.75, 224, 68.412, 88.242],
    ['mobilenet_v1', 0.5, 224, 64.292, 85.624],
    ['mobilenet_v1', 0.25, 224, 51.582, 75.792],
    ['mobilenet_v2', 1.4, 224, 75.23, 92.422],
    ['mobilenet_v2', 1.3, 224, 74.68, 92.122],
    ['mobilenet_v2', 1, 224, 71.336, 90.142],
    ['mobilenet_v2', 0.75, 224, 69.532, 89.176],
    ['mobilenet_v2', 0.5, 224, 65.194, 86.062],
    ['mobilenet_v2', 0.35, 224, 60.086, 82.432],
    ['xception', 1, 299, 79.006, 94.452],
  ]),
  ...accuracies(isWanted, 'timm legacy_xception', [['xception', 1, 299, 79.058, 94.396]]),
];

function accuracies(
  isWanted: Wanted,
  source: string,
  rows: readonly (readonly [string, number, number, number, number?])[],
): PublishedAccuracy[] {
  return rows.filter(wantedRow(isWanted)).map(([network, alpha, resolution, top1, top5]) => {
    return { network, alpha, resolution, top1, ...(top5 !== undefined && { top5 }), dtype: 'f32', source };
  });
}

export const publishedLatencies = (isWanted: Wanted = everything): readonly PublishedLatency[] => [
  ...slimV2Rows.filter(wantedRowOf('mobilenet_v2', isWanted)).map(([alpha, resolution, , , , ms]): PublishedLatency => {
    return { network: 'mobilenet_v2', alpha, resolution, ms, device: 'Pixel 1', source: sources.slimV2 };
  }),
  ...latencies(isWanted, 'Pixel 1', sources.v2, [
    ['mobilenet_v1', 1, 224, 113],
    ['mobilenet_v2', 1, 224, 75],
    ['mobilenet_v2', 1.4, 224, 143],
  ]),
  ...latencies(isWanted, 'i7-12700H, f32', sources.timm, [
    ['mobilenet_v2', 0.35, 224, 3.1],
    ['mobilenet_v2', 0.5, 224, 4.5],
    ['mobilenet_v1', 1, 224, 6.4],
    ['mobilenet_v2', 1, 224, 6.6],
    ['mobilenet_v2', 1.4, 224, 9.1],
    ['xception', 1, 299, 61.0],
  ]),
  ...latencies(isWanted, 'CPU of keras.io', sources.kerasDocs, [
    ['mobilenet_v1', 1, 224, 22.6],
    ['mobilenet_v2', 1, 224, 25.9],
    ['xception', 1, 299, 109.4],
  ]),
];

function latencies(
  isWanted: Wanted,
  device: string,
  source: string,
  rows: readonly (readonly [string, number, number, number])[],
): PublishedLatency[] {
  return rows
    .filter(wantedRow(isWanted))
    .map(([network, alpha, resolution, ms]) => ({ network, alpha, resolution, ms, device, source }));
}

export const errata: readonly Erratum[] = [
  {
    ...{ network: 'mobilenet_v1', alpha: 1, resolution: 224, source: v1Table('table 2') },
    says: '1.19 % of the MACs in the 3×3 convolution',
    instead: '1.91 %: two digits swapped, with which the column adds up to 99.29 %',
  },
  {
    ...{ network: 'mobilenet_v1', source: v1Table('table 1') },
    says: 'stride 2 for the last depthwise convolution',
    instead: 'stride 1, as its own output shape needs',
  },
  {
    ...{ network: 'mobilenet_v2', alpha: 1, resolution: 224, source: 'tensorflow/models#4516 and others' },
    says: '314 M MACs',
    instead: '300.77 M: the first block (t = 1) has no expansion convolution; 313.6 M counts one',
  },
  {
    ...{ network: 'mobilenet_v2', alpha: 1, resolution: 224, source: 'arXiv:1801.04381, table 3' },
    says: '56²: 32 channels, 200 kB; 28²: 64, 100 kB',
    instead: 'each row pairs a size with the channels of the stage that reads it; at 56² the output has 24',
  },
  {
    ...{ network: 'mobilenet_v1', alpha: 1, resolution: 224, source: 'arXiv:1801.04381, table 3' },
    says: '7²: 1024 channels, 199 kB in 16 bits',
    instead: '100 kB; 800, 400 and 200 kB at 56², 28² and 14² are right',
  },
  ...(
    [
      [1.4, '6,156,440', '6,156,712'],
      [1.3, '5,431,116', '5,431,048'],
    ] as const
  ).map(([alpha, says, instead]) => {
    const source = 'copies of Keras’s code with int(32 · α) in the stem';
    return { network: 'mobilenet_v2', alpha, source, says: `${says} parameters`, instead };
  }),
  {
    ...{ network: 'xception', source: 'older Keras documentation' },
    says: 'depth 126',
    instead: '81 in newer ones: layers were counted in two ways',
  },
];
