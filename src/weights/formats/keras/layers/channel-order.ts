import { isJsonObject } from '../../../../untrusted-data/json-object.js';
import type { MapValue } from '../../../graph/value.js';
import { type KerasCall, passOn, refuseLayer, showSetting } from '../layer-handler.js';
import type { Operation } from './operation.js';

/** One channel of a map, which only a stack of such channels can read. */
const singleChannels = new WeakMap<MapValue, { readonly source: MapValue; readonly channel: number }>();

/** `x[..., ::-1]`, or one channel of a map. */
export function takeItem({ call, settings, operands }: Operation): MapValue {
  const source = call.inputs[0]!;
  const spec: unknown = settings.slice_spec ?? operands[1];
  const parts: readonly unknown[] = Array.isArray(spec) ? spec : [spec];
  const last = parts.at(-1);
  if (source.dims.length === 4 && parts.slice(0, -1).every(isWhole)) {
    if (isReversal(last)) return reversed(call, source);
    if (Number.isInteger(last) && isLastAxis(parts)) {
      const channel = (last as number) < 0 ? (last as number) + source.shape.channels : (last as number);
      const taken = { ...source, dims: source.dims.slice(0, 3), readers: 0 };
      singleChannels.set(taken, { source, channel });
      return taken;
    }
    if (parts.every(isWhole)) return passOn(source, call.target);
  }
  throw refuseLayer(call, `takes a part of a tensor, ${showSetting(spec)}, expected its channels reversed`);
}

/** Single channels of one map, which are that map with its channels in another order. */
export function stackChannels({ call, settings }: Operation): MapValue {
  const taken = call.inputs.map((value) => singleChannels.get(value));
  const [first] = taken;
  const source = first?.source;
  const channels = taken.map((each) => each?.channel);
  const isWholeMap =
    source !== undefined &&
    taken.every((each) => each?.source === source) &&
    [...channels].sort().join() === Array.from({ length: source.shape.channels }, (_, c) => c).join();
  if (!isWholeMap || !(settings.axis === -1 || settings.axis === 3)) {
    throw refuseLayer(call, 'stacks tensors, expected the channels of one map');
  }
  const value = { ...source, readers: source.readers - taken.length + 1 };
  return call.graph.reorder(value, channels as number[], { ...call.target, dims: source.dims });
}

export function reverseChannels({ call, settings, operands }: Operation): MapValue {
  const value = call.inputs[0]!;
  const stated = settings.axis ?? operands[1];
  const axes: readonly unknown[] = Array.isArray(stated) ? stated : [stated];
  if (value.dims.length !== 4 || axes.length !== 1 || !(axes[0] === -1 || axes[0] === 3)) {
    throw refuseLayer(call, 'reverses another axis than the channels');
  }
  return reversed(call, value);
}

function reversed(call: KerasCall, value: MapValue): MapValue {
  const { channels } = value.shape;
  const order = Array.from({ length: channels }, (_, channel) => channels - 1 - channel);
  return call.graph.reorder(value, order, call.target);
}

/** All of an axis, or of several: `:` and `...`. */
function isWhole(part: unknown): boolean {
  if (!isJsonObject(part)) return false;
  if (part.class_name === '__ellipsis__') return true;
  const { start, stop, step } = boundsOf(part);
  return start === null && stop === null && (step === null || step === 1);
}

function isReversal(part: unknown): boolean {
  if (!isJsonObject(part)) return false;
  const { start, stop, step } = boundsOf(part);
  return start === null && stop === null && step === -1;
}

function boundsOf(part: Readonly<Record<string, unknown>>) {
  const inner = isJsonObject(part.config) ? part.config : part;
  const { start = null, stop = null, step = null } = inner;
  return { start, stop, step };
}

/** Whether the last part of a specification is about the channels: after `...`, or as the fourth. */
function isLastAxis(parts: readonly unknown[]): boolean {
  const hasEllipsis = parts.some((part) => isJsonObject(part) && part.class_name === '__ellipsis__');
  return hasEllipsis || parts.length === 4;
}
