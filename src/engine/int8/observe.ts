import type { ResolvedNetwork } from '../../networks/types.js';
import type { KernelConstants } from '../kernel-constants.js';
import { storedChannels } from '../pack.js';
import type { Session } from '../session.js';

/** What was seen of each channel of one value. */
export interface Observed {
  readonly minimum: Float32Array;
  readonly maximum: Float32Array;
  /** Sums over `count` values of each channel. */
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  count: number;
  /** Of each picture's lowest and highest values, over `pictures`. */
  readonly low: Peaks;
  readonly high: Peaks;
  pictures: number;
}

/** Sums over pictures, of one value for each channel. */
export interface Peaks {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

/** Runs a float session, with one thread, on the picture in its input and adds what each operation's output holds. */
export function observe(
  session: Session,
  network: ResolvedNetwork,
  { channelTile }: Pick<KernelConstants, 'channelTile'>,
  observed: Map<string, Observed>,
): void {
  const shapes = new Map(network.layers.map((layer) => [layer.name, layer.outputShape]));
  const { steps } = session.plan;
  const { buffer } = session.input;
  steps.forEach(({ layer, args }, index) => {
    session.runStep(index);
    if (steps[index + 1]?.layer === layer) return;
    const { height, width, channels } = shapes.get(layer)!;
    const stored = storedChannels(layer, channels, channelTile);
    const values = new Float32Array(buffer, args.output, height * width === 1 ? channels : height * width * stored);
    const found = observed.get(layer) ?? empty(channels);
    add(found, values, stored);
    found.count += height * width;
    found.pictures++;
    observed.set(layer, found);
  });
}

function add({ minimum, maximum, sum, squares, low, high }: Observed, values: Float32Array, stored: number): void {
  const channels = sum.length;
  const lowest = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
  const highest = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
  for (let from = 0; from < values.length; from += stored) {
    for (let c = 0; c < channels; c++) {
      const value = values[from + c]!;
      if (value < lowest[c]!) lowest[c] = value;
      if (value > highest[c]!) highest[c] = value;
      sum[c]! += value;
      squares[c]! += value * value;
    }
  }
  for (let c = 0; c < channels; c++) {
    const [least, most] = [lowest[c]!, highest[c]!];
    if (least < minimum[c]!) minimum[c] = least;
    if (most > maximum[c]!) maximum[c] = most;
    low.sum[c]! += least;
    low.squares[c]! += least * least;
    high.sum[c]! += most;
    high.squares[c]! += most * most;
  }
}

function empty(channels: number): Observed {
  const zeros = () => new Float64Array(channels);
  return {
    minimum: new Float32Array(channels).fill(Number.POSITIVE_INFINITY),
    maximum: new Float32Array(channels).fill(Number.NEGATIVE_INFINITY),
    ...{ sum: zeros(), squares: zeros(), count: 0 },
    ...{ low: { sum: zeros(), squares: zeros() }, high: { sum: zeros(), squares: zeros() }, pictures: 0 },
  };
}
