import { countOperations, parametersByRule } from '../conventions.js';
import { addCounts, type LayerCount, type ParameterCounts } from '../count-layer.js';
import { type Counting, type CountingOptions, chooseCounting } from '../counting.js';
import type { CountedRecord } from '../describe.js';
import type { Group, Grouping } from '../groups.js';
import type { Operations } from '../operations.js';

/** One operator of a file's graph, in the order of the JSON output. */
export interface GraphLayer {
  readonly name: string;
  readonly operator: string;
  /** As the file has it, batch first. */
  readonly output: readonly number[];
  readonly macs: number;
  /** As the convention counts. */
  readonly count: number;
  /** Elements of its weights and of its bias. */
  readonly weights: number;
  readonly bias: number;
  /** With the four vectors of a batch norm. */
  readonly params: number;
}

/** What an operator does and holds. */
export interface GraphWork extends Operations {
  readonly name: string;
  readonly operator: string;
  readonly output: readonly number[];
  readonly weights: number;
  readonly bias: number;
  /** Of a normalisation: scale and offset; those and what was observed. */
  readonly normTrained: number;
  readonly normTotal: number;
  readonly isDense: boolean;
}

export const NO_WORK: Omit<GraphWork, 'name' | 'operator' | 'output'> = {
  macs: 0,
  biased: 0,
  convolved: 0,
  normalised: 0,
  activated: 0,
  averaged: 0,
  maximised: 0,
  weights: 0,
  bias: 0,
  normTrained: 0,
  normTotal: 0,
  isDense: false,
};

/** What a graph costs that this project has no layers for. The order of the fields is that of the JSON output. */
export interface GraphCost {
  readonly file: string;
  readonly format: 'tflite' | 'onnx';
  /** Why it is no network of this project's. */
  readonly reason: string;
  readonly input: readonly number[];
  /** Of convolutions and dense layers, without bias: those of the listed layers. */
  readonly macs: number;
  readonly flops: number;
  readonly params: ParameterCounts & { readonly bias: number };
  /** Operators with multiply-accumulates, parameters, or anything else that the convention counts. */
  readonly layers: readonly GraphLayer[];
  /** Operators that multiply and accumulate nothing by the convention. */
  readonly without: readonly OperatorCount[];
  /** Operators whose cost is not known: none of the figures has them. */
  readonly notCounted: readonly OperatorCount[];
  readonly counted: Omit<CountedRecord, 'standard'>;
  readonly groups?: readonly Group[];
}

export interface OperatorCount {
  readonly operator: string;
  readonly times: number;
}

export interface GraphOptions extends CountingOptions {
  readonly by?: Grouping;
}

/** Operations besides multiply-accumulates that a convention may count, by what makes it count them. */
const WORTHS = {
  activated: 'activation',
  averaged: 'averagePool',
  maximised: 'maxPool',
  normalised: 'batchNorm',
} as const;

/** Collects a graph's operators; counts that would not be exact are not counted. */
export class GraphTally {
  readonly #counting: Counting;
  readonly #by: Grouping | undefined;
  readonly #work: GraphWork[] = [];
  readonly #without = new Map<string, number>();
  readonly #notCounted = new Map<string, number>();

  constructor(options: GraphOptions) {
    this.#counting = chooseCounting(options, '');
    this.#by = options.by;
  }

  add(work: GraphWork): void {
    const counts = Object.values(work).filter((value) => typeof value === 'number');
    if (counts.every((count) => Number.isSafeInteger(count) && count >= 0)) this.#work.push(work);
    else this.skip(`${work.operator} (too large to count)`);
  }

  /** An operator without multiply-accumulates whose elements some conventions count; their number if it is known. */
  addWithout(work: GraphWork, kind: keyof typeof WORTHS, elements: number | undefined): void {
    increase(this.#without, work.operator);
    if (elements === undefined && this.#counting.rule[WORTHS[kind]] > 0) {
      this.skip(`${work.operator} (its size is not known)`);
    }
    this.add({ ...work, [kind]: elements ?? 0 });
  }

  /** An operator that nobody counts. */
  addUncounted(operator: string): void {
    increase(this.#without, operator);
  }

  skip(operator: string): void {
    increase(this.#notCounted, operator);
  }

  finish(about: Pick<GraphCost, 'file' | 'format' | 'reason' | 'input'>): GraphCost {
    const { convention, unit, definition, rule, params: paramsRule, plain, flopsPerMac } = this.#counting;
    const all = this.#work.map((work) => {
      const count = countOperations(work, rule, work.isDense);
      return { work, count, cost: { macs: work.macs, params: parametersOf(work) } satisfies LayerCount };
    });
    const shown = all.filter(({ count, cost }) => cost.macs > 0 || cost.params.total > 0 || count > 0);
    const { macs, params } = addCounts(shown.map(({ cost }) => cost));
    const sum = (pick: (part: (typeof shown)[number]) => number) =>
      shown.reduce((total, part) => total + pick(part), 0);
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts].map(([operator, times]) => ({ operator, times })).sort((a, b) => b.times - a.times);
    const by = this.#by;
    return {
      ...about,
      macs,
      flops: flopsPerMac * macs,
      params: { ...params, bias: sum(({ work }) => work.bias) },
      layers: shown.map(({ work: { name, operator, output, weights, bias }, count, cost }) => {
        return { name, operator, output, macs: cost.macs, count, weights, bias, params: cost.params.total };
      }),
      without: list(this.#without),
      notCounted: list(this.#notCounted),
      counted: {
        ...{ convention, unit, definition, count: sum(({ count }) => count) },
        ...{ paramsRule, params: parametersByRule(params, paramsRule), plain },
      },
      ...(by && { groups: group(shown, (work) => groupName(work, by, about.format), by) }),
    };
  }
}

interface CountedWork {
  readonly work: GraphWork;
  readonly count: number;
  readonly cost: LayerCount;
}

function group(parts: readonly CountedWork[], nameOf: (work: GraphWork) => string, by: Grouping): readonly Group[] {
  const members = new Map<string, CountedWork[]>();
  for (const part of parts) {
    const name = nameOf(part.work);
    const own = members.get(name);
    if (own) own.push(part);
    else members.set(name, [part]);
  }
  const groups = [...members].map(([name, own]) => ({
    name,
    layers: own.length,
    ...addCounts(own.map(({ cost }) => cost)),
    count: own.reduce((sum, { count }) => sum + count, 0),
  }));
  return by === 'kind' ? groups.sort((a, b) => b.macs - a.macs) : groups;
}

function groupName({ name, operator, output }: GraphWork, by: Grouping, format: GraphCost['format']): string {
  switch (by) {
    case 'kind':
      return operator;
    case 'block': {
      // Exporters put the module's path in front of a layer's name.
      const module = name.slice(0, Math.max(0, name.lastIndexOf('/')));
      return module === '' ? name : module;
    }
    case 'stage': {
      const sides = format === 'onnx' ? output.slice(2) : output.slice(1, -1);
      return output.length === 4 ? sides.join('×') : '1×1';
    }
    default:
      return by satisfies never;
  }
}

/** As a network of this project's layers counts them: folded, a batch norm leaves one number for each channel. */
function parametersOf({ weights, bias, normTrained, normTotal }: GraphWork): ParameterCounts {
  const trainable = weights + bias + normTrained;
  return {
    weights,
    folded: weights + bias + normTrained / 2,
    trainable,
    total: weights + bias + normTotal,
  };
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
