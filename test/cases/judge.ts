/** One case of a `cases.json`: a model file that some other tool wrote, a picture, and what is right for them. */
export interface Case {
  readonly name: string;
  readonly kind: string;
  readonly weights: string;
  readonly args: readonly string[];
  readonly labels?: string;
  readonly picture: string;
  readonly expect: Expected;
  readonly resolution?: number;
  readonly why?: string;
}

export interface Expected {
  readonly classes?: readonly ExpectedClass[];
  readonly tolerance?: number;
  /** Words of a good refusal, each perhaps with alternatives (`a|b`). */
  readonly refuse?: readonly string[];
  /** As `refuse`, where the classes are right too. */
  readonly either?: readonly string[];
  readonly exit?: number;
}

interface ExpectedClass {
  readonly index: number;
  readonly probability: number;
  readonly label?: string;
}

/** What the command did. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** From the worst to the best: a wrong answer with exit 0, a crash, a refusal that should be none or says too little. */
export const verdicts = ['wrong', 'crashed', 'refused', 'right'] as const;

export interface Judgement {
  readonly verdict: (typeof verdicts)[number];
  readonly reason: string;
}

interface Prediction {
  readonly index: number;
  readonly label: string;
  readonly probability: number;
}

const SUCCESS = 0;
const MODEL_ERROR = 4;
/** Exit codes by which the command says that it refuses: usage, input, model. */
const REFUSALS: readonly (number | null)[] = [2, 3, MODEL_ERROR];

export function judge({ expect, resolution }: Case, outcome: Outcome): Judgement {
  const { code, stderr } = outcome;
  const words = expect.refuse ?? expect.either;
  if (code === SUCCESS) {
    if (expect.classes === undefined) return { verdict: 'wrong', reason: 'classified, expected a refusal' };
    const difference = compareClasses(expect.classes, expect.tolerance ?? 0, resolution, outcome.stdout);
    return difference === undefined ? { verdict: 'right', reason: '' } : { verdict: 'wrong', reason: difference };
  }
  const message = stderr.trim().split('\n').slice(-3).join(' ');
  if (!REFUSALS.includes(code)) return { verdict: 'crashed', reason: `exit ${code}: ${message}` };
  if (words === undefined) return { verdict: 'refused', reason: message };
  const missing = words.filter((word) => !new RegExp(word, 'i').test(stderr));
  if (missing.length > 0) return { verdict: 'refused', reason: `no ${missing.join(' and no ')} in: ${message}` };
  const exit = expect.exit ?? MODEL_ERROR;
  if (code !== exit) return { verdict: 'refused', reason: `exit ${code} instead of ${exit}: ${message}` };
  return { verdict: 'right', reason: '' };
}

/** The first difference; undefined where there is none. */
function compareClasses(
  expected: readonly ExpectedClass[],
  tolerance: number,
  resolution: number | undefined,
  stdout: string,
): string | undefined {
  const answer = JSON.parse(stdout);
  if (resolution !== undefined && answer.model.resolution !== resolution) {
    return `resolution ${answer.model.resolution}, expected ${resolution}`;
  }
  const predictions: readonly Prediction[] = answer.images[0].predictions;
  if (predictions.length !== expected.length) return `${predictions.length} classes, expected ${expected.length}`;
  for (const { index, probability, label } of expected) {
    const found = predictions.find((prediction) => prediction.index === index);
    if (found === undefined) return `no class ${index}`;
    if (!(Math.abs(found.probability - probability) <= tolerance)) {
      return `class ${index}: ${found.probability}, expected ${probability} ± ${tolerance}`;
    }
    if (label !== undefined && found.label !== label) {
      return `class ${index}: label ${JSON.stringify(found.label)}, expected ${JSON.stringify(label)}`;
    }
  }
  return undefined;
}
