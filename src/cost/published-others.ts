/**
 * A network of other authors as one of these networks' papers prints it beside its own. Nothing here is computed by
 * this program; what its layers give is said in `remark`. The order of the fields is that of the JSON output.
 */
export interface PublishedOther {
  readonly network: string;
  /** Multiply-accumulates and parameters; null where the source has none. */
  readonly macs: number | null;
  readonly params: number;
  /** ImageNet validation, in percent. */
  readonly top1: number;
  readonly printed: { readonly macs: string | null; readonly params: string; readonly source: string };
  readonly remark: string | null;
}

interface Printed {
  readonly network: string;
  /** In millions. */
  readonly macs?: string;
  /** In millions, or to the last digit. */
  readonly params: string | number;
  readonly top1: number;
  readonly source: string;
  readonly remark?: string;
}

const v1 = (table: number) => `arXiv:1704.04861, table ${table}`;
const v2 = 'arXiv:1801.04381, table 4';
const xception = 'arXiv:1610.02357, tables 1 and 3';

const rows: readonly Printed[] = [
  {
    ...{ network: 'GoogleNet', macs: '1550', params: '6.8', top1: 69.8, source: v1(8) },
    remark: 'its layers give 1582.67 M and 6.99 M',
  },
  {
    ...{ network: 'VGG 16', macs: '15300', params: '138', top1: 71.5, source: v1(8) },
    remark: '15346.63 M without its dense layers, 15470.26 M with them',
  },
  {
    ...{ network: 'SqueezeNet', macs: '1700', params: '1.25', top1: 57.5, source: v1(9) },
    remark: 'its layers give 861.34 M (at 227 pixels): 1700 are FLOPs, two for each multiply-accumulate',
  },
  {
    ...{ network: 'AlexNet', macs: '720', params: '60', top1: 57.2, source: v1(9) },
    remark: 'its layers give 724.41 M and 60.97 M',
  },
  { network: 'ShuffleNet (1.5)', macs: '292', params: '3.4', top1: 71.5, source: v2 },
  { network: 'ShuffleNet (x2)', macs: '524', params: '5.4', top1: 73.7, source: v2 },
  { network: 'NasNet-A', macs: '564', params: '5.3', top1: 74.0, source: v2 },
  { network: 'Inception V3', params: 23_626_728, top1: 78.2, source: xception },
];

export const publishedOthers: readonly PublishedOther[] = rows.map((row) => {
  const { network, macs, params, top1, source, remark = null } = row;
  return {
    network,
    macs: macs === undefined ? null : Math.round(Number(macs) * 1e6),
    params: typeof params === 'number' ? params : Math.round(Number(params) * 1e6),
    top1,
    printed: {
      macs: macs === undefined ? null : `${macs} M`,
      params: typeof params === 'number' ? params.toLocaleString('en') : `${params} M`,
      source,
    },
    remark,
  };
});
