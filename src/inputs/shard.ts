import { UsageError } from '../errors/errors.js';
import { openNameDigest } from './name-digest.js';
import type { Input } from './types.js';

/** Part `part` of `parts`, counted from 1. */
export interface Shard {
  readonly part: number;
  readonly parts: number;
}

/** `3/16`. Throws UsageError. */
export function parseShard(text: string): Shard {
  const [, part, parts] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { part: Number(part), parts: Number(parts) };
  if (shard.part >= 1 && shard.part <= shard.parts) return shard;
  throw new UsageError({
    where: `--shard ${text}`,
    expected: 'K/N with K from 1 to N, such as 3/16, and N at most 999999',
  });
}

/** Whether an input is in the part, by a hash of its name as it is given: the same on every machine. */
export async function shardFilter({ part, parts }: Shard): Promise<(input: Input) => boolean> {
  const digestOf = await openNameDigest();
  return ({ path }) => firstBytes(digestOf(path)) % parts === part - 1;
}

/** The first six, as one number. */
function firstBytes(digest: string): number {
  let number = 0;
  for (let at = 0; at < 6; at++) number = number * 256 + digest.charCodeAt(at);
  return number;
}
