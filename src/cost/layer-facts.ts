import { elementAt } from '../errors/element-at.js';
import { lifetimes } from '../networks/lifetimes.js';
import { NETWORK_INPUT, type Pads, type ResolvedLayer, type ResolvedNetwork } from '../networks/types.js';
import { windowOf } from '../networks/windows.js';
import { countLayers, type LayerCount } from './count-layer.js';
import { countElements } from './operations.js';

const BYTES_PER_F32 = 4;

/** What a layer's window sees of the picture, along one axis (the vertical one). */
export interface ReceptiveField {
  /** Pixels that one output depends on, those beyond the edge included. */
  readonly size: number;
  /** Pixels between neighbouring outputs. */
  readonly stride: number;
  /** Pixels by which the first output's field reaches over the edge. */
  readonly padding: number;
}

/** What follows for one layer from its place in the network. */
export interface LayerFacts {
  readonly kernelSize: number | null;
  readonly stride: number | null;
  readonly pads: Pads | null;
  /** Bytes of activations (f32, nothing fused) that are alive while it runs: read, written, or kept for later. */
  readonly live: number;
  /** MACs for each byte of its folded weights, inputs and output (f32, each once); null where there are no MACs. */
  readonly intensity: number | null;
  /** Null from a global pool on: every output sees the whole picture. */
  readonly receptiveField: ReceptiveField | null;
}

/** One entry for each layer, in order. */
export function layerFacts(network: ResolvedNetwork): readonly LayerFacts[] {
  const live = liveBytes(network.layers);
  const fields = receptiveFields(network.layers);
  const counts = countLayers(network.layers).each;
  return network.layers.map((layer, index) => {
    const window = windowOf(layer);
    return {
      kernelSize: window?.kernelHeight ?? null,
      stride: window?.strideHeight ?? null,
      pads: window ? layer.pads : null,
      live: elementAt(live, index),
      intensity: arithmeticIntensity(layer, elementAt(counts, index)),
      receptiveField: fields.get(layer.name) ?? null,
    };
  });
}

/** The layer at which most activations are alive (the first of several), and how many bytes. */
export function peakOf({ layers }: ResolvedNetwork): { readonly layer: string; readonly bytes: number } {
  const live = liveBytes(layers);
  const bytes = Math.max(...live);
  return { layer: elementAt(layers, live.indexOf(bytes)).name, bytes };
}

function liveBytes(layers: readonly ResolvedLayer[]): readonly number[] {
  const live = new Array<number>(layers.length).fill(0);
  for (const { elements, from, to } of lifetimes(layers)) {
    for (let index = from; index <= to; index++) live[index]! += BYTES_PER_F32 * elements;
  }
  return live;
}

function arithmeticIntensity(layer: ResolvedLayer, { macs, params }: LayerCount): number | null {
  if (macs === 0) return null;
  const inputs = layer.inputShapes.reduce((sum, shape) => sum + countElements(shape), 0);
  return macs / (BYTES_PER_F32 * (params.folded + inputs + countElements(layer.outputShape)));
}

/** Where branches meet, the larger field counts. */
function receptiveFields(layers: readonly ResolvedLayer[]): ReadonlyMap<string, ReceptiveField> {
  const fields = new Map<string, ReceptiveField>([[NETWORK_INPUT, { size: 1, stride: 1, padding: 0 }]]);
  for (const layer of layers) {
    if (seesWholeMap(layer)) continue;
    const inputs = layer.inputs.map((name) => fields.get(name)).filter((field) => field !== undefined);
    if (inputs.length === 0) continue;
    const widest = inputs.reduce((a, b) => (b.size > a.size ? b : a));
    const { kernelHeight = 1, strideHeight = 1, dilationHeight = 1 } = windowOf(layer) ?? {};
    const before = layer.kind === 'crop' ? -layer.pads.top : layer.pads.top;
    fields.set(layer.name, {
      size: widest.size + (kernelHeight - 1) * dilationHeight * widest.stride,
      stride: widest.stride * strideHeight,
      padding: widest.padding + before * widest.stride,
    });
  }
  return fields;
}

function seesWholeMap({ kind }: ResolvedLayer): boolean {
  return ['globalAveragePool', 'globalMaxPool', 'flatten', 'resize', 'dense'].includes(kind);
}
