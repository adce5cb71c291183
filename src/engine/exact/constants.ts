import type { KernelModule } from '../kernels.js';

/** Facts about the kernels of quantised files that packing follows, read from the module so that they are stated once. */
export interface ExactConstants {
  readonly channelTile: number;
  /** Where bytes are multiplied: a bit of the kernels' format argument. Elsewhere 0. */
  readonly narrowInBytes: number;
  /** Bytes before the weights of 8 channels, and where in them each row of 8 numbers begins. */
  readonly headerBytes: number;
  readonly header: Readonly<Record<'factors' | 'halves' | 'turns' | 'mantissas' | 'lefts' | 'rights' | 'kind', number>>;
  /** Which way of rescaling is exact. */
  readonly kinds: Readonly<Record<'clipped' | 'signed' | 'careful', number>>;
}

export function readExactConstants({ constants, exports }: KernelModule): ExactConstants {
  return {
    channelTile: constants.channelTile,
    narrowInBytes: constants.narrowInBytes,
    headerBytes: exports.EXACT_HEADER.value,
    header: {
      factors: exports.EXACT_FACTORS.value,
      halves: exports.EXACT_HALVES.value,
      turns: exports.EXACT_TURNS.value,
      mantissas: exports.EXACT_MANTISSAS.value,
      lefts: exports.EXACT_LEFTS.value,
      rights: exports.EXACT_RIGHTS.value,
      kind: exports.EXACT_KIND.value,
    },
    kinds: {
      clipped: exports.EXACT_CLIPPED.value,
      signed: exports.EXACT_SIGNED.value,
      careful: exports.EXACT_CAREFUL.value,
    },
  };
}
