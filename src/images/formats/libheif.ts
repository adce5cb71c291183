import { createRequire } from 'node:module';
import { printable } from '../../errors/printable.js';
import { PictureProblem } from './picture-problem.js';

/** An object on libheif's side, or what went wrong instead. */
export type Handle = object & { readonly code?: ErrorCode; readonly message?: string };

interface ErrorCode {
  readonly value: number;
}

/** One plane of a decoded picture; `data` is libheif's own memory, which the next call may move. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly data: Uint8Array;
}

export type DecodedHeif = Handle & { readonly image: Handle; readonly channels: readonly Plane[] };

/** The part of libheif-js that is used: libheif's functions under their names in C. */
export interface Libheif {
  heif_context_alloc(): Handle;
  heif_context_free(context: Handle): void;
  heif_context_read_from_memory(context: Handle, bytes: Uint8Array): Handle;
  heif_js_context_get_primary_image_handle(context: Handle): Handle;
  heif_image_handle_get_width(picture: Handle): number;
  heif_image_handle_get_height(picture: Handle): number;
  heif_image_handle_release(picture: Handle): void;
  heif_js_decode_image2(picture: Handle, space: unknown, chroma: unknown): DecodedHeif | Promise<DecodedHeif>;
  heif_image_release(image: Handle): void;
  readonly heif_colorspace: { readonly heif_colorspace_RGB: unknown };
  readonly heif_chroma: { readonly heif_chroma_interleaved_RGB: unknown };
}

const require = createRequire(import.meta.url);
/** The package's name in messages. */
const PEER = 'heic-decode';
let loaded: Libheif | undefined;
let create: Create | undefined;

/** What the file of the WebAssembly build gives: each call makes an instance with memory of its own. */
type Create = (options: { print(text: string): void; printErr(text: string): void }) => Libheif;

/** Errors come as values; what libheif prints besides is not for stdout or stderr. */
const SILENT = { print() {}, printErr() {} };

/**
 * libheif from the package that the user has installed: heic-decode brings it. Its own functions are called, since
 * heic-decode takes the first picture of a file for the main one, and prints errors on stdout.
 */
export function loadLibheif(): Libheif {
  if (loaded) return loaded;
  let entry: string;
  try {
    entry = require.resolve('heic-decode');
  } catch {
    throw new PictureProblem(
      'unsupported-format',
      (format) => `${format} needs the package ${PEER}, which is not installed`,
      `install it where mobilenet is installed: npm install ${PEER} (with -g if mobilenet was installed with -g)`,
    );
  }
  try {
    const fromPeer = createRequire(entry);
    create ??= fromPeer('libheif-js/libheif-wasm/libheif-bundle.js') as Create;
    loaded = create(SILENT);
    return loaded;
  } catch (error) {
    const [reason] = printable(String((error as Error).message ?? error)).split('\n');
    throw new PictureProblem(
      'unsupported-format',
      (format) => `${format} needs the package ${PEER}, which cannot be loaded (${reason})`,
      `install it again: npm install ${PEER}`,
    );
  }
}

/** WebAssembly memory only grows: after a large picture another instance takes over, and that memory is let go. */
export function dropLibheif(): void {
  loaded = undefined;
}
