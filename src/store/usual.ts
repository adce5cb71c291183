import { isNetworkId, networks } from '../networks/index.js';

interface Variant {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
}

interface Wanted {
  readonly alpha?: number | undefined;
  readonly resolution?: number | undefined;
}

/** How far a model is from the usual one in what nobody asked for: 0 for α 1 at the paper's resolution. */
export function distanceFromUsual({ network, alpha, resolution }: Variant, wanted: Wanted): number {
  const usual = isNetworkId(network) ? networks[network].defaultResolution : resolution;
  const isOtherAlpha = wanted.alpha === undefined && alpha !== 1;
  const isOtherResolution = wanted.resolution === undefined && resolution !== usual;
  return (isOtherAlpha ? 2 : 0) + (isOtherResolution ? 1 : 0);
}
