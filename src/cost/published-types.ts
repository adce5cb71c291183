import type { ConventionId, ParameterRule } from './conventions.js';

/** How a printed count comes out of the network, where it does. */
export interface Reading {
  /** By whose rule; multiply-accumulates of convolutions and dense layers by default. */
  readonly convention?: ConventionId;
  /** For parameters. */
  readonly params?: ParameterRule;
  readonly classes?: number;
  readonly without?: 'classifier' | 'firstConv' | 'pool';
  /** The additions of average pooling count too. */
  readonly withPool?: boolean;
  /** Cut to the printed digits, not rounded. */
  readonly cut?: boolean;
}

export interface PublishedCount {
  readonly network: string;
  readonly alpha: number;
  /** Undefined for parameters, which are the same at every resolution. */
  readonly resolution?: number;
  /** Length of the output, where the row is for one network of its own. */
  readonly classes?: number;
  readonly quantity: 'MACs' | 'FLOPs' | 'parameters';
  /** The digits as printed. */
  readonly printed: string;
  readonly unit: 'M' | 'G' | '';
  readonly source: string;
  /** Absent where no way of counting gives the printed digits; then `note` says so. */
  readonly reading?: Reading;
  readonly note?: string;
}

export interface PublishedAccuracy {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  /** ImageNet validation, in percent. */
  readonly top1: number;
  readonly top5?: number;
  readonly dtype: 'f32' | 'uint8';
  readonly source: string;
}

export interface PublishedLatency {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  /** One picture. */
  readonly ms: number;
  readonly device: string;
  readonly source: string;
}

/** Something printed that is wrong or misread, with what is right. */
export interface Erratum {
  readonly network: string;
  /** Every α, or every resolution, where absent. */
  readonly alpha?: number;
  readonly resolution?: number;
  readonly source: string;
  readonly says: string;
  readonly instead: string;
}
