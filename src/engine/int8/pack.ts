import type { FoldedWeights } from '../pack.js';
import type { PackedIntegers, Rows } from './layouts.js';
import type { ValueLevels } from './levels.js';
import { type IntegerTarget, levelsOf, packBlocks, packPanels } from './pack-linear.js';

/** Writes an operation's parameters as the kernels read them. The memory is zero before. */
export function packIntegers(
  packed: PackedIntegers,
  weightsOf: (layer: string) => FoldedWeights,
  target: IntegerTarget,
): void {
  switch (packed.layout) {
    case 'rows':
      rowsOf(packed.rows, packed.storedChannels, target).forEach((row, index) => {
        new Float32Array(target.memory, packed.address + 4 * index * packed.storedChannels, row.length).set(row);
      });
      return;
    case 'panels':
      packPanels(packed, weightsOf(packed.layer), target);
      return;
    case 'blocks':
      packBlocks(packed, weightsOf(packed.layer), target);
      return;
    default:
      packed satisfies never;
  }
}

function rowsOf(rows: Rows, channels: number, target: Pick<IntegerTarget, 'levels'>): readonly Float32Array[] {
  const { levels } = target;
  switch (rows.kind) {
    case 'add': {
      const [first, second] = rows.inputs.map((name) => levelsOf(levels, name)) as [ValueLevels, ValueLevels];
      const { scale, zero } = levelsOf(levels, rows.output);
      const a = first.scale.map((each, c) => each / scale[c]!);
      const b = second.scale.map((each, c) => each / scale[c]!);
      return [a, b, zero.map((each, c) => each - first.zero[c]! * a[c]! - second.zero[c]! * b[c]!)];
    }
    case 'scale': {
      const from = levelsOf(levels, rows.input);
      const to = levelsOf(levels, rows.output);
      return [from.scale.map((scale, c) => scale / to.scale[c]!), from.zero, to.zero];
    }
    case 'copy': {
      const from = levelsOf(levels, rows.input);
      const to = levelsOf(levels, rows.output);
      const factors = from.scale.map((each, c) => each / to.scale[c]!);
      return [factors, factors.map(() => 0), to.zero.map((each, c) => each - from.zero[c]! * factors[c]!)];
    }
    case 'dequantise': {
      const { scale, zero } = levelsOf(levels, rows.map);
      return [scale, zero];
    }
    case 'quantise': {
      const { scale, zero } = levelsOf(levels, rows.map);
      return [scale.map((each) => 1 / each), zero];
    }
    case 'repeated':
      return rowsOf({ kind: 'quantise', map: rows.map }, channels, target).map((row) =>
        Float32Array.from({ length: channels }, (_, c) => row[c % row.length]!),
      );
    case 'zeros':
      return [levelsOf(levels, rows.map).zero.map((each) => Math.round(each))];
    default:
      return rows satisfies never;
  }
}
