/** Repeats of each stage, arXiv:1801.04381, table 2, and arXiv:1905.11946, table 1. */
const V2_STAGES = [1, 2, 3, 4, 3, 3, 1] as const;

/** arXiv:1704.04861, table 1, cut where the resolution or the width changes, as timm does. */
const V1_STAGES = [1, 2, 2, 6, 2] as const;

/** Stage and position in it of a block that is counted through from 0. */
function stageOf(block: number, stages: readonly number[]): readonly [number, number] {
  let rest = block;
  for (const [stage, repeats] of stages.entries()) {
    if (rest < repeats) return [stage, rest];
    rest -= repeats;
  }
  throw new RangeError(`block ${block}, expected fewer than ${block - rest}`);
}

export type V1Place =
  | { readonly part: 'stem' }
  | { readonly part: 'head' }
  | { readonly part: 'depthwise' | 'pointwise'; readonly block: number; readonly stage: readonly [number, number] };

/** Where a layer of `mobilenet_v1` is; blocks from 1 to 13. */
export function placeV1(layer: string): V1Place {
  const found = /^conv_(dw|pw)_(\d+)$/.exec(layer);
  if (!found) return { part: layer === 'conv1' ? 'stem' : 'head' };
  const block = Number(found[2]);
  return { part: found[1] === 'dw' ? 'depthwise' : 'pointwise', block, stage: stageOf(block - 1, V1_STAGES) };
}

export type V2Place =
  | { readonly part: 'stem' }
  | { readonly part: 'top' }
  | { readonly part: 'head' }
  | {
      readonly part: 'expand' | 'depthwise' | 'project';
      readonly block: number;
      readonly stage: readonly [number, number];
    };

/** Where a layer of `mobilenet_v2` is; blocks from 0 (`expanded_conv`) to 16. */
export function placeV2(layer: string): V2Place {
  const found = /^(?:expanded_conv|block_(\d+))_(expand|depthwise|project)$/.exec(layer);
  if (!found) return { part: layer === 'Conv1' ? 'stem' : layer === 'Conv_1' ? 'top' : 'head' };
  const block = Number(found[1] ?? 0);
  return { part: found[2] as 'expand' | 'depthwise' | 'project', block, stage: stageOf(block, V2_STAGES) };
}

export type XceptionPlace =
  | { readonly part: 'stem'; readonly number: number }
  | { readonly part: 'depthwise' | 'pointwise'; readonly block: number; readonly number: number }
  | { readonly part: 'skip'; readonly block: number }
  | { readonly part: 'head' };

/** Where a layer of `xception` is; blocks from 1 (the stem) to 14, separable convolutions from 1. */
export function placeXception(layer: string): XceptionPlace {
  const stem = /^block1_conv(\d)$/.exec(layer);
  if (stem) return { part: 'stem', number: Number(stem[1]) };
  const skip = /^block(\d+)_skip$/.exec(layer);
  if (skip) return { part: 'skip', block: Number(skip[1]) };
  const separable = /^block(\d+)_sepconv(\d)_(depthwise|pointwise)$/.exec(layer);
  if (!separable) return { part: 'head' };
  const [, block, number, part] = separable;
  return { part: part as 'depthwise' | 'pointwise', block: Number(block), number: Number(number) };
}
