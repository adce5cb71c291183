import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { isDecoder } from './find-picture.js';
import type { FrozenNode } from './graph-def.js';

/** They judge or record what a network gives, and so does what is computed from them. */
const BOOKKEEPING =
  /^(ArgMax|ArgMin|TopK(V2)?|InTopK(V2)?|Equal|NotEqual|Assert|NoOp|Const|Print|\w*Summary(V2)?|(Sparse)?SoftmaxCrossEntropyWithLogits|L2Loss|Save(V2|Slices)?|Restore(V2|Slice)?|Assign\w*|Apply\w+|Variable(V2)?|VarHandleOp|\w*Queue\w*)$/;
/** What is known without the picture's values. */
const SIZES = /^(Shape(N)?|Size|Rank)$/;
const PICTURES = /^Placeholder(WithDefault|V2)?$/;
const MOST_SHOWN = 8;

/** The node of a reference: `name`, `name:0`. */
export function nameOf(reference: string): string {
  return reference.replace(/:\d+$/, '');
}

/**
 * The node that has the classes: the one that is asked for, else the only one that is computed from a picture and that
 * nothing else but training and bookkeeping reads.
 * @param wanted a node's name, also with `:0`
 * @throws ModelError that names the outputs where there are none, or several
 */
export function chooseOutput(nodes: ReadonlyMap<string, FrozenNode>, where: string, wanted?: string): string {
  const outputs = listOutputs(nodes);
  const names = outputs.slice(0, MOST_SHOWN).map(quoted).join(', ') + (outputs.length > MOST_SHOWN ? ', …' : '');
  if (wanted !== undefined) {
    const name = nameOf(wanted);
    if (nodes.has(name) && !/:[1-9]\d*$/.test(wanted)) return name;
    throw new ModelError('operator-unsupported', {
      where,
      problem: `no output ${quoted(wanted)}`,
      ...(names !== '' && { expected: `one of ${names}` }),
    });
  }
  const [only] = outputs;
  if (only === undefined) {
    throw new ModelError('operator-unsupported', {
      where,
      problem: 'a graph in which nothing is computed from an image',
    });
  }
  if (outputs.length === 1) return only;
  throw new ModelError('operator-unsupported', {
    where,
    problem: `${outputs.length} outputs (${names}), and the file does not say which one has the classes`,
    remedy: `name it: --output-name ${only}`,
  });
}

function isStart(operator: string): boolean {
  return PICTURES.test(operator) || isDecoder(operator);
}

function listOutputs(nodes: ReadonlyMap<string, FrozenNode>): readonly string[] {
  const readers = new Map<string, string[]>();
  for (const node of nodes.values()) {
    for (const source of node.inputs.map(nameOf)) {
      const list = readers.get(source);
      if (list === undefined) readers.set(source, [node.name]);
      else list.push(node.name);
    }
  }
  const reach = (starts: readonly FrozenNode[]): ReadonlySet<string> => {
    const reached = new Set(starts.map(({ name }) => name));
    for (const name of reached) for (const reader of readers.get(name) ?? []) reached.add(reader);
    return reached;
  };
  const all = [...nodes.values()];
  const fromPicture = reach(all.filter(({ op }) => isStart(op)));
  // A constant is no output, but what it goes into may be one.
  const judged = reach(all.filter(({ op }) => op !== 'Const' && BOOKKEEPING.test(op)));
  return all
    .filter(({ name, op }) => fromPicture.has(name) && !judged.has(name) && !isStart(op) && !SIZES.test(op))
    .map(({ name }) => name)
    .filter((name) => (readers.get(name) ?? []).every((reader) => judged.has(reader)));
}
