/** A published hash; a prefix is what PyTorch's file names hold. */
export interface PublishedHash {
  readonly algorithm: 'sha256' | 'sha256-prefix' | 'md5';
  /** Lower-case hexadecimal. */
  readonly value: string;
}

export interface DownloadRequest {
  /** The same file at several places, the best first. */
  readonly addresses: readonly string[];
  /** Exact, where known. */
  readonly bytes: number | null;
  readonly maxBytes: number;
  readonly hash: PublishedHash | null;
  /** Says what is wrong with the first bytes of a complete file, or undefined. */
  readonly inspect?: (head: Uint8Array) => string | undefined;
}
