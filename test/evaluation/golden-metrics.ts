import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly 'f1-score': number;
  readonly support: number;
}

/** Random probabilities of random pictures, and what scikit-learn and numpy say of them. */
export interface MetricsFixture {
  readonly classes: number;
  readonly truth: readonly number[];
  /** [pictures][classes] */
  readonly probabilities: readonly (readonly number[])[];
  readonly expected: {
    readonly accuracy: number;
    readonly top5: number;
    readonly logLoss: number;
    readonly ece: number;
    readonly macro: Scores;
    readonly perClass: readonly (Scores & { readonly label: number })[];
    readonly confusion: readonly (readonly number[])[];
  };
}

const golden = gunzipSync(readFileSync(new URL('../golden/evaluation/metrics.json.gz', import.meta.url)));
export const { fixtures } = JSON.parse(golden.toString()) as { readonly fixtures: readonly MetricsFixture[] };
