import { UsageError } from '../errors/errors.js';

/** How a mirror is laid out, for messages. */
export const MIRROR_LAYOUT = 'a mirror needs the file of https://HOST/PATH at MIRROR/HOST/PATH';

/**
 * The mirror to use in place of the published addresses: what the caller says, else `MOBILENET_MIRROR`, else none.
 * @throws UsageError for what is no http address
 */
export function chooseMirror(given: string | undefined, env: NodeJS.ProcessEnv): URL | undefined {
  if (given !== undefined) return parse(given, '--mirror');
  const { MOBILENET_MIRROR: value = '' } = env;
  return value === '' ? undefined : parse(value, 'MOBILENET_MIRROR');
}

function parse(text: string, where: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url && isWeb && url.search === '' && url.hash === '') return url;
  throw new UsageError({
    where,
    problem: 'not the address of a mirror',
    expected: 'http://HOST or https://HOST, with a path if need be',
    remedy: 'for files on a disk, use --from FILE, or import --bundle FOLDER',
  });
}

/** Where a mirror has the file of a published address. */
export function mirrored(address: string, mirror: URL): string {
  const { host, pathname } = new URL(address);
  const result = new URL(mirror);
  result.pathname = `${mirror.pathname.replace(/\/+$/, '')}/${host}${pathname}`;
  return result.href;
}
