import type { Window } from '../../graph/builder.js';
import { isRow, type MapValue, NO_PADS } from '../../graph/value.js';
import { applyActivation, type FusedActivation, readActivation } from './fused-activation.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { requireOptions } from './options.js';
import { OPTIONS_TYPE, POOL_OPTIONS } from './schema.js';
import { readWindow } from './window.js';

interface Pool {
  readonly value: MapValue;
  readonly window: Window;
  readonly activation: FusedActivation;
}

function readPool(importer: TfliteImporter, node: TfliteNode): Pool {
  const options = requireOptions(importer.graph, node.operator, node.options, OPTIONS_TYPE.pool);
  const value = importer.picture(node);
  const kernel = [options.int32(POOL_OPTIONS.filterH, 0), options.int32(POOL_OPTIONS.filterW, 0)] as const;
  const window = readWindow(importer.graph, node.operator, value, kernel, options, POOL_OPTIONS);
  return { value, window, activation: readActivation(importer, node, options, POOL_OPTIONS.activation) };
}

export function importAveragePool(importer: TfliteImporter, node: TfliteNode): void {
  const { value, window, activation } = readPool(importer, node);
  const inner = importer.innerTarget(node, importer.result(node).shape, 'averagePool', activation);
  // With SAME padding only what lies inside of the map is counted.
  settlePool(importer, node, value, importer.builder.averagePool(value, window, false, inner), activation);
}

export function importMaxPool(importer: TfliteImporter, node: TfliteNode): void {
  const { value, window, activation } = readPool(importer, node);
  const inner = importer.innerTarget(node, importer.result(node).shape, 'maxPool', activation);
  settlePool(importer, node, value, importer.builder.maxPool(value, window, inner), activation);
}

/** What a pool gives lies between the values that it reads. */
function settlePool(
  importer: TfliteImporter,
  node: TfliteNode,
  value: MapValue,
  pooled: MapValue,
  activation: FusedActivation,
): void {
  const made = applyActivation(importer, pooled, activation, importer.target(node, pooled.dims));
  importer.settle(node, made, { bounds: value.bounds });
}

/** Over height, width or both; of a map whose pixels lie in one dimension over that. */
export function importMean(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.map(node);
  const { builder } = importer;
  const { shape } = value;
  const target = importer.target(node, importer.result(node).shape, value.order);
  const [rows, columns] = reducedAxes(importer, node, value);
  const { bounds } = value;
  if (!rows && !columns) {
    importer.settleAlias(node, value);
  } else if (rows && columns) {
    importer.settle(node, builder.globalAveragePool(value, target), { bounds });
  } else {
    const kernel = { kernelSize: rows ? shape.height : 1, kernelWidth: columns ? shape.width : 1 };
    importer.settle(node, builder.averagePool(value, { ...kernel, stride: 1, pads: NO_PADS }, false, target), {
      bounds,
    });
  }
}

export function importSum(importer: TfliteImporter, node: TfliteNode): void {
  const value = requireWhole(importer, node);
  const { height, width, channels } = value.shape;
  const target = importer.target(node, importer.result(node).shape, value.order);
  const mean = importer.builder.globalAveragePool(value, { ...target, name: `${target.name}/mean`, readers: 1 });
  const all = (factor: number) => new Array<number>(channels).fill(factor);
  importer.settle(node, importer.builder.affine(mean, all(height * width), all(0), target));
}

export function importReduceMax(importer: TfliteImporter, node: TfliteNode): void {
  const value = requireWhole(importer, node);
  const target = importer.target(node, importer.result(node).shape, value.order);
  importer.settle(node, importer.builder.globalMaxPool(value, target), { bounds: value.bounds });
}

function requireWhole(importer: TfliteImporter, node: TfliteNode): MapValue {
  const value = importer.map(node);
  const [rows, columns] = reducedAxes(importer, node, value);
  const { height, width } = value.shape;
  if ((height > 1 && !rows) || (width > 1 && !columns)) {
    throw importer.unsupported(`${node.operator} over a part of a map, expected height and width`);
  }
  return value;
}

/** Whether an operator reduces the rows and the columns of a map; dimensions of 1 do not matter. */
function reducedAxes(importer: TfliteImporter, node: TfliteNode, value: MapValue): readonly [boolean, boolean] {
  const stated = importer.integers(node, 1, `${node.operator}'s axes`);
  const { dims, shape, order } = value;
  const axes = stated.map((axis) => (axis < 0 ? axis + dims.length : axis)).filter((axis) => dims[axis] !== 1);
  const refuse = () =>
    importer.unsupported(`${node.operator} over axes ${stated.join(', ')}, expected height and width (1, 2)`);
  if (axes.some((axis) => dims[axis] === undefined) || isRow(value)) throw refuse();
  if (shape.height * shape.width === 1) {
    if (axes.length > 0) throw refuse();
    return [false, false];
  }
  if (dims.length === 4) {
    const [channel, row, column] = order === 'CHW' ? [1, 2, 3] : [3, 1, 2];
    if (axes.includes(channel)) throw refuse();
    return [axes.includes(row) || shape.height === 1, axes.includes(column) || shape.width === 1];
  }
  // All pixels in one dimension, or one of the two reduced before.
  const channel = dims.length - (order === 'CHW' ? 2 : 1);
  const all = dims.every((size, axis) => size === 1 || (axis === channel) !== axes.includes(axis));
  if (!all || dims[channel] !== shape.channels || (order === 'CHW' && dims[0] !== 1)) throw refuse();
  return [true, true];
}
