import type { ExplainedCost, Explanation, Term } from '../cost/explain.js';
import type { Section } from './table.js';
import { grouped, megas } from './units.js';

/** The papers' formulas, then with the numbers put in, then what α and ρ do: the four lines of table 3. */
export function explainSections({ layer, block, ...rest }: Explanation): readonly Section[] {
  const { standard, depthwise, pointwise, separable, ratio, steps, alpha, rho } = rest;
  const { dk, m, n, df } = block;
  const saved = separable.macs.value / standard.macs.value;
  return [
    {
      lines: [
        `${layer === null ? 'A convolution' : layer}: D_K = ${dk}, M = ${m}, N = ${n}, D_F = ${df}`,
        `a ${dk} × ${dk} window over ${m} channels, ${n} channels out, at ${df} × ${df} places`,
      ],
    },
    { title: 'Multiply-accumulates', lines: [standard, depthwise, pointwise, separable].flatMap(macLines) },
    {
      title: 'separable ÷ standard',
      lines: [
        `  ${ratio.formula}`,
        `  = ${ratio.numbers}`,
        `  = ${ratio.value.toFixed(6)}: ${(1 / ratio.value).toFixed(2)} times fewer (${grouped(separable.macs.value)} ÷ ${grouped(standard.macs.value)} = ${saved.toFixed(6)})`,
      ],
    },
    {
      title: 'Weights',
      lines: [standard, separable].flatMap(({ name, weights }) => termLines(name, weights)),
    },
    {
      title: 'Step by step, as in table 3 of arXiv:1704.04861',
      table: {
        columns: [
          { name: 'convolution', side: 'left' },
          { name: 'M', side: 'right' },
          { name: 'N', side: 'right' },
          { name: 'D_F', side: 'right' },
          { name: 'MACs', side: 'right', format: grouped },
          { name: 'millions', side: 'right', format: (value) => megas(value, value >= 1e8 ? 0 : 1) },
          { name: 'weights', side: 'right', format: grouped },
          { name: 'millions', side: 'right', format: (value) => megas(value, 2) },
        ],
        rows: steps.map((step) => [
          step.name,
          step.block.m,
          step.block.n,
          step.block.df,
          step.macs.value,
          step.macs.value,
          step.weights.value,
          step.weights.value,
        ]),
      },
      isMain: true,
    },
    {
      lines: [
        `α = ${alpha} reduces M and N: the pointwise part falls to about α² = ${square(alpha)}, the depthwise part and its weights to α.`,
        `ρ = ${rho} shrinks the map (D_F ${df} → ${steps.at(-1)!.block.df}): all MACs fall to about ρ² = ${square(rho)}; the weights stay.`,
      ],
    },
  ];
}

function macLines({ name, macs }: ExplainedCost): readonly string[] {
  return termLines(name, macs);
}

function termLines(name: string, { formula, numbers, value }: Term): readonly string[] {
  return [`  ${name}: ${formula}`, `    = ${numbers}`, `    = ${grouped(value)}`];
}

function square(value: number): string {
  return (value * value).toFixed(4).replace(/0+$/, '');
}
