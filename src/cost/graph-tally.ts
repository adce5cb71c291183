/** One operator of a file's graph that multiplies by constants. */
export interface GraphLayer {
  readonly name: string;
  readonly operator: string;
  /** As the file has it, batch first. */
  readonly output: readonly number[];
  readonly macs: number;
  /** Elements of its weights and of its bias. */
  readonly weights: number;
  readonly bias: number;
}

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
  readonly params: { readonly weights: number; readonly bias: number };
  readonly layers: readonly GraphLayer[];
  /** Operators that multiply and accumulate nothing by the convention. */
  readonly without: readonly OperatorCount[];
  /** Operators whose cost is not known: none of the figures has them. */
  readonly notCounted: readonly OperatorCount[];
}

export interface OperatorCount {
  readonly operator: string;
  readonly times: number;
}

/** Collects a graph's operators; counts that would not be exact are not counted. */
export class GraphTally {
  readonly layers: GraphLayer[] = [];
  readonly #without = new Map<string, number>();
  readonly #notCounted = new Map<string, number>();

  add(layer: GraphLayer): void {
    if ([layer.macs, layer.weights, layer.bias].every((count) => Number.isSafeInteger(count) && count >= 0)) {
      this.layers.push(layer);
    } else this.skip(`${layer.operator} (too large to count)`);
  }

  addWithout(operator: string): void {
    this.#without.set(operator, (this.#without.get(operator) ?? 0) + 1);
  }

  skip(operator: string): void {
    this.#notCounted.set(operator, (this.#notCounted.get(operator) ?? 0) + 1);
  }

  finish(about: Pick<GraphCost, 'file' | 'format' | 'reason' | 'input'>, flopsPerMac: 1 | 2): GraphCost {
    const sum = (pick: (layer: GraphLayer) => number) => this.layers.reduce((total, layer) => total + pick(layer), 0);
    const macs = sum((layer) => layer.macs);
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts].map(([operator, times]) => ({ operator, times })).sort((a, b) => b.times - a.times);
    return {
      ...about,
      macs,
      flops: flopsPerMac * macs,
      params: { weights: sum(({ weights }) => weights), bias: sum(({ bias }) => bias) },
      layers: this.layers,
      without: list(this.#without),
      notCounted: list(this.#notCounted),
    };
  }
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
