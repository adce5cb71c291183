/** One way in which the command ends. */
interface ExitCode {
  readonly name: string;
  readonly code: number;
  /** For the help and docs/exit-codes.md. */
  readonly meaning: string;
}

/** The one table of exit codes: the command, its help and docs/exit-codes.md take them from here. */
export const exitCodeTable = [
  { name: 'ok', code: 0, meaning: 'every image was classified' },
  { name: 'someInputsFailed', code: 1, meaning: 'some images failed (0 with --allow-failures)' },
  { name: 'usage', code: 2, meaning: 'wrong usage, or an output file that cannot be opened or is in use' },
  { name: 'noInput', code: 3, meaning: 'no input was found, or every image failed (0 with --allow-failures)' },
  { name: 'model', code: 4, meaning: 'a model or its weights are missing, damaged or unsuitable' },
  { name: 'runtime', code: 5, meaning: 'WebAssembly or its memory is not available, or running the network failed' },
  { name: 'belowTarget', code: 6, meaning: 'evaluate: a metric is below --at-least' },
  { name: 'internal', code: 70, meaning: 'an internal error (a bug)' },
  { name: 'output', code: 74, meaning: 'the output could not be written, or is incomplete' },
] as const satisfies readonly ExitCode[];

/** Of signals: 128 and the signal's number. */
export const signalExitCodes: readonly { readonly codes: string; readonly meaning: string }[] = [
  { codes: '130, 143', meaning: 'interrupted by SIGINT or SIGTERM' },
];

type Name = (typeof exitCodeTable)[number]['name'];

export const exitCodes = Object.fromEntries(exitCodeTable.map(({ name, code }) => [name, code])) as {
  readonly [N in Name]: Extract<(typeof exitCodeTable)[number], { name: N }>['code'];
};
