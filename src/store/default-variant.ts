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

/** How far a model is from its network's default variant, α 1 at the paper's resolution, in what was not asked for. */
export function distanceFromDefault({ network, alpha, resolution }: Variant, wanted: Wanted): number {
  const defaultResolution = isNetworkId(network) ? networks[network].defaultResolution : resolution;
  const isOtherAlpha = wanted.alpha === undefined && alpha !== 1;
  const isOtherResolution = wanted.resolution === undefined && resolution !== defaultResolution;
  return (isOtherAlpha ? 2 : 0) + (isOtherResolution ? 1 : 0);
}
