import { ModelError } from '../../../errors/errors.js';
import { quote } from '../../graph/graph-importer.js';
import { multiply } from '../../graph/value.js';
import { OnnxFacts } from './facts.js';
import type { OnnxGraph, OnnxNode } from './graph.js';

/** Of more no choice is made: each is compared with each. */
const MAX_OUTPUTS = 32;
/** They name the best class, or give what is no row of numbers. */
const WITHOUT_PROBABILITIES = new Set(['ArgMax', 'ArgMin', 'TopK', 'NonMaxSuppression']);
/** The same values under another name. */
const RENAMING = new Set(['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Cast', 'Dropout']);

/**
 * Which of a graph's outputs has the classes: the one that is asked for; else the only one that is a row of numbers and
 * that no other such output is computed from (an embedding is on the way to the classes).
 * @param inputDims gives the dimensions of the picture
 * @throws ModelError that names the outputs where that leaves none, or several
 */
export function chooseOutput(
  graph: OnnxGraph,
  where: string,
  inputDims: () => ReadonlyMap<string, readonly number[]>,
  wanted?: string,
): string {
  const { outputs } = graph;
  const names = outputs.map(quote).join(', ');
  if (wanted !== undefined) {
    if (outputs.includes(wanted)) return wanted;
    throw new ModelError('operator-unsupported', {
      where,
      problem: `no output ${quote(wanted)}`,
      expected: `one of ${names}`,
    });
  }
  const sources = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const withValues = outputs.filter((name) => !WITHOUT_PROBABILITIES.has(valueSource(name, sources)?.operator ?? ''));
  if (withValues.length === 0) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: `ends in ${valueSource(outputs[0] ?? '', sources)?.operator ?? 'nothing'}: it names the best class and gives no class probabilities`,
      remedy: 'export the model without that last step',
    });
  }
  const [only] = withValues;
  if (withValues.length === 1 && only !== undefined) return only;
  if (outputs.length > MAX_OUTPUTS) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: `${outputs.length} outputs, and the file does not say which one has the classes`,
      remedy: 'name it: --output-name NAME',
    });
  }
  const candidates = findRows(graph, where, inputDims(), withValues);
  const last = candidates.filter((name) => !candidates.some((other) => isComputedFrom(other, name, sources)));
  const [chosen] = last;
  if (last.length === 1 && chosen !== undefined) return chosen;
  throw new ModelError('operator-unsupported', {
    where,
    problem: `${outputs.length} outputs (${names}), and the file does not say which one has the classes`,
    remedy: `name it: --output-name ${last[0] ?? outputs[0]}`,
  });
}

/** Outputs that are one row of numbers for a picture; all, where shapes cannot be followed. */
function findRows(
  graph: OnnxGraph,
  where: string,
  inputs: ReadonlyMap<string, readonly number[]>,
  names: readonly string[],
): readonly string[] {
  const facts = new OnnxFacts(graph, where, { inputs, largestComputed: 256 });
  for (const node of graph.nodes) facts.follow(node);
  const rows = names.filter((name) => {
    const dims = facts.dimsOf(name);
    return dims === undefined || Math.max(...dims) === multiply(dims);
  });
  return rows.length > 0 ? rows : names;
}

type Sources = ReadonlyMap<string, OnnxNode>;

/** The operator that computes a name's values. */
function valueSource(name: string, sources: Sources): OnnxNode | undefined {
  return sources.get(valueName(name, sources));
}

function valueName(name: string, sources: Sources): string {
  let at = name;
  for (;;) {
    const node = sources.get(at);
    if (node === undefined || !RENAMING.has(node.operator) || node.inputs[0] === undefined) return at;
    at = node.inputs[0];
  }
}

/** Whether what `name` holds goes into `other`, or is the same and came first. */
function isComputedFrom(other: string, name: string, sources: Sources): boolean {
  if (other === name) return false;
  const values = valueName(name, sources);
  const seen = new Set<string>();
  const open = [valueName(other, sources)];
  if (open[0] === values) return false;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === values) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...(sources.get(at)?.inputs ?? []));
  }
  return false;
}
