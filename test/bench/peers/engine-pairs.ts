/** The pairs of one picture on two engines, by name. */

export type Engine = 'tfjs-wasm' | 'onnxruntime-web' | 'onnxruntime-node' | 'litert';
/** What ours can run: a network in floats or by ranges, or a quantised TFLite file in TFLite's own integers. */
type OwnArithmetic = 'f32' | 'int8' | 'exact';

export interface EnginePair {
  readonly ours: OwnArithmetic;
  readonly peer: Engine;
  readonly theirs: 'f32' | 'int8';
}

const floats = (peer: Engine): EnginePair => ({ ours: 'f32', peer, theirs: 'f32' });

export const enginePairs = {
  'tfjs-wasm': [floats('tfjs-wasm')],
  'onnxruntime-web': [floats('onnxruntime-web')],
  'onnxruntime-node': [floats('onnxruntime-node')],
  litert: [floats('litert')],
  int8: [
    { ours: 'int8', peer: 'tfjs-wasm', theirs: 'f32' },
    { ours: 'int8', peer: 'onnxruntime-node', theirs: 'f32' },
  ],
  'litert-int8': [{ ours: 'int8', peer: 'litert', theirs: 'int8' }],
  'onnxruntime-node-int8': [{ ours: 'int8', peer: 'onnxruntime-node', theirs: 'int8' }],
} as const satisfies Readonly<Record<string, readonly EnginePair[]>>;

export const quantisedFilePairs = {
  litert: [{ ours: 'f32', peer: 'litert', theirs: 'int8' }],
  'litert-int8': [{ ours: 'int8', peer: 'litert', theirs: 'int8' }],
  'litert-exact': [{ ours: 'exact', peer: 'litert', theirs: 'int8' }],
} as const satisfies Readonly<Record<string, readonly EnginePair[]>>;

/** Which pairs there are, by what is compared. */
export const pairsOf = {
  network: enginePairs,
  onnx: { 'onnxruntime-web': enginePairs['onnxruntime-web'], 'onnxruntime-node': enginePairs['onnxruntime-node'] },
  tflite: { litert: enginePairs.litert },
  'quantised tflite': quantisedFilePairs,
} as const;

/** Arguments of the peer's program after its folder, network and runs. */
export function peerArguments({ peer, theirs }: EnginePair): { program: string; rest: readonly string[] } {
  if (peer === 'tfjs-wasm') return { program: 'tfjs-wasm.mjs', rest: [] };
  if (peer === 'litert') return { program: 'litert.mjs', rest: [theirs] };
  return { program: 'onnxruntime.mjs', rest: [peer.slice('onnxruntime-'.length), theirs] };
}
