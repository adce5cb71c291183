import type { Activated, Activation } from '../networks/types.js';

/** Activations that are more than clipping. */
export type Curve = Exclude<Activation, 'linear' | 'relu' | 'relu6'>;

/** A curve and its parameters as the kernels take them: 0 for what it does not have. */
export interface AppliedCurve {
  readonly activation: Curve;
  readonly parameters: readonly [number, number];
}

export type Clamp = readonly [minimum: number, maximum: number];

export const UNBOUNDED: Clamp = [-Infinity, Infinity];

const DEFAULT_PARAMETERS: Partial<Record<Curve, readonly number[]>> = {
  leakyRelu: [0.01],
  elu: [1],
  hardSigmoid: [1 / 6, 0.5],
};

/** What clipping alone does of an activation. */
export function clampOf(activation: Activation): Clamp {
  if (activation === 'relu') return [0, Infinity];
  return activation === 'relu6' ? [0, 6] : UNBOUNDED;
}

/** What clipping cannot do of an activation; undefined where it does all. */
export function curveOf({ activation, activationParameters }: Activated): AppliedCurve | undefined {
  if (activation === 'linear' || activation === 'relu' || activation === 'relu6') return undefined;
  const [first = 0, second = 0] = activationParameters ?? DEFAULT_PARAMETERS[activation] ?? [];
  return { activation, parameters: [first, second] };
}
