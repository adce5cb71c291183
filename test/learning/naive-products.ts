import type { Features, Products } from '../../src/learning/types.js';

/** The products in plain loops and double precision. */
export function naiveProducts({ rows, columns, data }: Features): Products {
  return {
    times: (weights, outputs) =>
      Float32Array.from({ length: rows * outputs }, (_, at) => {
        const [row, output] = [Math.floor(at / outputs), at % outputs];
        let sum = 0;
        for (let c = 0; c < columns; c++) sum += data[row * columns + c]! * weights[output * columns + c]!;
        return sum;
      }),
    transposedTimes: (factors, outputs) =>
      Float32Array.from({ length: outputs * columns }, (_, at) => {
        const [output, column] = [Math.floor(at / columns), at % columns];
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += factors[row * outputs + output]! * data[row * columns + column]!;
        return sum;
      }),
  };
}
