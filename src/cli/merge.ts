import { Command, Option } from 'commander';

export const MERGED_FORMATS = ['jsonl', 'json', 'csv', 'tsv', 'paths'] as const;
export type MergedFormat = (typeof MERGED_FORMATS)[number];

export interface MergeFlags {
  readonly format?: MergedFormat;
  readonly json?: boolean;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly nullOutput?: boolean;
}

/** `mobilenet merge PART…` */
export function mergeCommand(): Command {
  return new Command('merge')
    .description('Join results of classify --format jsonl into one; of rows for the same name the first.')
    .argument('<part...>', 'files of rows, or - for stdin')
    .addOption(
      new Option('--format <name>', 'how to write them (default: as --output ends, else jsonl)').choices(
        MERGED_FORMATS,
      ),
    )
    .option('--json', 'one JSON document, as --format json')
    .option('-0, --null-output', 'NUL after each name of --format paths')
    .option('--output <file>', 'write there instead of to stdout')
    .option('--overwrite', 'replace what is in the output file')
    .addHelpText('after', '\nExit 1 where a picture failed, or a last line was torn.')
    .action(async (parts: string[], flags: MergeFlags) => {
      const { runMerge } = await import('./run-merge.js');
      process.exitCode = await runMerge(parts, flags);
    });
}
