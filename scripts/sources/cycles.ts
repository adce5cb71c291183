import type { SourceFile } from './source-file.js';

/** Groups of files that import each other, types included. */
export function importCycles(files: readonly SourceFile[]): string[][] {
  return findCycles(new Map(files.map(({ path, imports }) => [path, imports])));
}

/** Groups of nodes each of which leads to every other, and nodes that lead to themselves (Tarjan's algorithm). */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];

  const visit = (node: string): number => {
    const place = order.size;
    let low = place;
    order.set(node, place);
    open.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === place) {
      const group = open.splice(open.indexOf(node));
      if (group.length > 1 || edges.get(node)?.includes(node)) cycles.push(group.toSorted());
    }
    return low;
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return cycles;
}
