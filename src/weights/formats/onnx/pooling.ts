import { type MapValue, NO_PADS } from '../../graph/value.js';
import { axesOf, dimsOfMap, sizeOf } from './axes.js';
import type { OnnxNode } from './graph.js';
import { reducedAxes } from './infer-shapes.js';
import type { Handler, OnnxImporter } from './onnx-importer.js';
import { readWindow } from './window.js';

export function importGlobalAverage(importer: OnnxImporter, node: OnnxNode): void {
  importer.define(node, importer.builder.globalAveragePool(importer.picture(node), importer.outputTarget(node)));
}

export function importGlobalMaximum(importer: OnnxImporter, node: OnnxNode): void {
  importer.define(node, importer.builder.globalMaxPool(importer.picture(node), importer.outputTarget(node)));
}

export function importAveragePool(importer: OnnxImporter, node: OnnxNode): void {
  importer.define(node, averagePool(importer, node, importer.outputTarget(node)));
}

export function averagePool(
  importer: OnnxImporter,
  node: OnnxNode,
  target: ReturnType<OnnxImporter['outputTarget']>,
): MapValue {
  const value = importer.picture(node);
  const { height, width } = value.shape;
  const { isCeiled, ...window } = readWindow(importer, node, value);
  const isUnpadded = Object.values(window.pads).every((count) => count === 0);
  if (isUnpadded && window.kernelSize === height && (window.kernelWidth ?? window.kernelSize) === width) {
    return importer.builder.globalAveragePool(value, target);
  }
  const countsPadding = importer.attribute(node, 'count_include_pad', 0) !== 0 && !isUnpadded;
  refuseHoles(importer, node, window);
  if (countsPadding && isCeiled) {
    // Zeros around the map count, what a last window reaches beyond them does not.
    const { top, left } = window.pads;
    const [bottom, right] = statedEnds(node);
    const surrounded = importer.builder.pad(value, { top, left, bottom, right }, 0, {
      ...target,
      readers: 1,
      dims: dimsOfMap({ ...value.shape, height: height + top + bottom, width: width + left + right }, 'CHW'),
    });
    const beyond = { top: 0, left: 0, bottom: window.pads.bottom - bottom, right: window.pads.right - right };
    return importer.builder.averagePool(surrounded, { ...window, pads: beyond }, false, target);
  }
  return importer.builder.averagePool(value, window, countsPadding, target);
}

/** Padding below and behind, without what `ceil_mode` adds. */
function statedEnds({ attributes }: OnnxNode): readonly [bottom: number, right: number] {
  const [, , bottom = 0, right = 0] = attributes.get('pads')?.integers ?? [];
  return [bottom, right];
}

export function importMaxPool(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const { isCeiled: _, ...window } = readWindow(importer, node, value);
  refuseHoles(importer, node, window);
  importer.define(node, importer.builder.maxPool(value, window, importer.outputTarget(node)));
}

function refuseHoles(
  importer: OnnxImporter,
  node: OnnxNode,
  { dilation = 1, dilationWidth = dilation }: { readonly dilation?: number; readonly dilationWidth?: number },
): void {
  if (dilation === 1 && dilationWidth === 1) return;
  throw importer.unsupported(`${node.operator} with dilations ${dilation}, ${dilationWidth}, expected 1`);
}

type Reduction = 'mean' | 'maximum' | 'sum';

/** Over height and width, or one of them; whatever the dimensions are called after reshaping. */
export function importReduction(reduction: Reduction): Handler {
  return (importer, node) => {
    const value = importer.map(node);
    const reduced = reducedAxes(node, importer.known(node), value.dims.length);
    const groups = axesOf(value);
    const shape = sizeOf(value);
    const over = new Set(
      (groups ?? []).filter((_, axis) => reduced?.has(axis)).flatMap((group) => group.filter((a) => shape[a] !== 1)),
    );
    if (groups === undefined || reduced === undefined || over.has('channels')) {
      throw importer.unsupported(
        `${node.operator} of ${value.dims.join('×')} over axes ${[...(reduced ?? [])].join()}, expected height and width`,
      );
    }
    const target = importer.outputTarget(node, value.order);
    if (over.size === 0) {
      importer.alias(node, value, target.dims);
      return;
    }
    const count = (over.has('height') ? shape.height : 1) * (over.has('width') ? shape.width : 1);
    const isSum = reduction === 'sum';
    const pooled = pool(importer, value, reduction, over, isSum ? { ...target, readers: 1 } : target);
    if (!isSum) {
      importer.define(node, pooled);
      return;
    }
    const factors = new Array<number>(shape.channels).fill(count);
    const offsets = factors.map(() => 0);
    importer.define(node, importer.builder.affine(pooled, factors, offsets, target));
  };
}

function pool(
  { builder }: OnnxImporter,
  value: MapValue,
  reduction: Reduction,
  over: ReadonlySet<string>,
  target: ReturnType<OnnxImporter['outputTarget']>,
): MapValue {
  const { height, width } = sizeOf(value);
  const isWhole = (over.has('height') || height === 1) && (over.has('width') || width === 1);
  if (isWhole) {
    return reduction === 'maximum' ? builder.globalMaxPool(value, target) : builder.globalAveragePool(value, target);
  }
  const [rows, columns] = [over.has('height') ? height : 1, over.has('width') ? width : 1];
  const window = { kernelSize: rows, kernelWidth: columns, stride: 1, pads: NO_PADS };
  return reduction === 'maximum'
    ? builder.maxPool(value, window, target)
    : builder.averagePool(value, window, false, target);
}
