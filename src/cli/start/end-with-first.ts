/** In the environment of a second process: the first one's number. */
export const FIRST_PROCESS = 'MOBILENET_FIRST_PROCESS';

/**
 * In the second process of a long run: ends it as soon as the first has ended, also where that was before this began. To be
 * called first of all, since what comes before would go on without anybody to answer to.
 */
export function endWithFirst(): void {
  const first = process.env[FIRST_PROCESS];
  if (first === undefined) return;
  const end = () => process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', end);
  process.channel?.unref();
  if (!process.connected || process.ppid !== Number(first)) end();
}
