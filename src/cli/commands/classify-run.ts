import { filterText } from '../../report/filter-text.js';
import { classifyPictures } from '../../use-cases/classify-pictures.js';
import type { ClassifyFlags } from '../options/classify-options.js';
import { readRequest } from '../options/classify-request.js';
import { openWhole } from '../terminal/output.js';
import { runBatch } from './batch-run.js';

/** `mobilenet classify`: returns the exit code. */
export async function runClassify(names: readonly string[], flags: ClassifyFlags): Promise<number> {
  const request = readRequest(names, flags);
  return runBatch(names, flags, {
    run: (host) => classifyPictures(request, host),
    verb: 'classified',
    // Readable only when it is whole.
    ...(request.format === 'parquet' && {
      openOutput: ({ overwrite }) => openWhole(request.output!, overwrite),
    }),
    note: (tally) => filterText(request.filter, tally, request.top),
  });
}
