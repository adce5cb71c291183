import type { MapValue } from '../graph/value.js';
import type { TensorflowImporter, TensorflowNode } from './tensorflow-importer.js';
import { readWindow } from './windows.js';

/** The mean of what lies inside of the map. */
export function importAveragePool(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const window = readWindow(importer, node, value, readSize(importer, node));
  definePooled(importer, node, importer.builder.averagePool(value, window, false, importer.target(node, [])));
}

export function importMaxPool(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const window = readWindow(importer, node, value, readSize(importer, node));
  definePooled(importer, node, importer.builder.maxPool(value, window, importer.target(node, [])));
}

/** Mean and Max over height and width. */
export function importReduction(importer: TensorflowImporter, node: TensorflowNode): void {
  const value = importer.picture(node);
  const stated = importer.integers(node, 1, `${node.operator}'s axes`);
  const axes = new Set(stated.map((axis) => (axis < 0 ? axis + 4 : axis)));
  if (axes.size !== 2 || !axes.has(1) || !axes.has(2)) {
    throw importer.unsupported(`${node.operator} over axes ${stated.join(', ')}, expected height and width (1, 2)`);
  }
  const { channels } = value.shape;
  const keeps = importer.flagOf(node, 'keep_dims');
  const target = importer.target(node, keeps ? [1, 1, 1, channels] : [1, channels]);
  const { builder } = importer;
  const isMean = node.operator === 'Mean';
  importer.define(node, isMean ? builder.globalAveragePool(value, target) : builder.globalMaxPool(value, target));
}

function readSize(importer: TensorflowImporter, node: TensorflowNode): readonly [number, number] {
  const [, rows = 0, columns = 0] = importer.integersOf(node, 'ksize');
  return [rows, columns];
}

function definePooled(importer: TensorflowImporter, node: TensorflowNode, made: MapValue): void {
  const { height, width, channels } = made.shape;
  importer.define(node, { ...made, dims: [1, height, width, channels] });
}
