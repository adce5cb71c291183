import { namesFileOf } from '../../batch/vector-rows.js';
import { UsageError } from '../../errors/errors.js';
import { type EmbedFilesRequest, embedFiles } from '../../use-cases/embed.js';
import { readBatchRequest } from '../options/batch-request.js';
import { type EmbedFlags, embedOptions, VECTOR_FORMATS } from '../options/embed-options.js';
import { readPart } from '../options/part-options.js';
import { formatByEnding, openFile, refuseFilled } from '../terminal/output.js';
import { runBatch } from './batch-run.js';

/** `mobilenet embed`: returns the exit code. */
export async function runEmbed(files: readonly string[], flags: EmbedFlags): Promise<number> {
  const request = readRequest(files, flags);
  const { output, format } = request;
  const names = output !== undefined && format === 'npy' ? namesFileOf(output) : undefined;
  return runBatch(files, flags, {
    run: (host) => embedFiles(request, host),
    verb: 'embedded',
    ...(names !== undefined && {
      beside: names,
      openOutput(how) {
        if (!how.append && !how.overwrite) refuseFilled(output!, '--resume or --overwrite');
        return openFile(names, how);
      },
    }),
  });
}

/** Throws UsageError for options that contradict each other. */
function readRequest(files: readonly string[], flags: EmbedFlags): EmbedFilesRequest {
  const { output, layer, resume, raw = false } = flags;
  const batch = readBatchRequest(files, flags, true);
  const format = flags.format ?? (output === undefined ? 'jsonl' : formatByEnding(output, VECTOR_FORMATS, {}));
  if (format === 'npy' && output === undefined) {
    throw new UsageError({ where: '--format npy', problem: 'needs --output FILE' });
  }
  if (resume && output === undefined) throw new UsageError({ where: '--resume', problem: 'needs --output FILE' });
  const part = format === 'jsonl' && output !== undefined ? readPart(files, flags, embedOptions) : undefined;
  return { ...batch, format, raw, layer, cache: false, part };
}
