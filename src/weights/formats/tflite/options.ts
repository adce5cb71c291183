import type { Table } from './flatbuffer.js';
import type { Operation, TfliteGraph } from './graph.js';

/** The options of an operator that cannot be without. */
export function requireOptions(graph: TfliteGraph, operator: string, read: Operation['options'], type: number): Table {
  const table = read(type);
  if (table === undefined) throw graph.damaged(`${operator} without its options, expected them`);
  return table;
}
