import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ModelError } from '../errors/errors.js';
import { FetchError } from './fetch-error.js';

/**
 * The proxy for an address by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (lower case goes first), or
 * undefined for a direct connection. Node itself reads these from version 24 on only, and when told to.
 * @throws ModelError `proxy` for one that is no http address
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const read = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const value = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') || read('ALL_PROXY');
  if (value === '' || isExempt(url, read('NO_PROXY'))) return undefined;
  const proxy = parse(value.includes('://') ? value : `http://${value}`);
  if (proxy?.protocol !== 'http:' && proxy?.protocol !== 'https:') {
    throw new ModelError('proxy', {
      where: 'proxy',
      problem: proxy ? `unsupported protocol ${proxy.protocol.slice(0, -1)}` : 'not a valid URL',
      expected: 'http:// or https://',
    });
  }
  return proxy;
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** `NO_PROXY`: hosts with all that is under them, `host:port`, or `*`, separated by commas or spaces. */
function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.toLowerCase();
  const actualPort = port || (protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name, onlyPort] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const suffix = name?.replace(/^\*?\./, '') ?? '';
      if (suffix === '' || (onlyPort !== undefined && onlyPort !== actualPort)) return false;
      return host === suffix || host.endsWith(`.${suffix}`) || host === `[${suffix}]`;
    });
}

/** Starts a GET request, through a proxy where there is one: plain http by its absolute address, https by a tunnel. */
export async function startRequest(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<ClientRequest> {
  const proxy = proxyFor(url, env);
  // `agent: false`: a connection of its own, closed afterwards, never one through a proxy that Node was told of.
  const options = { method: 'GET', agent: false as const, signal };
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  if (proxy === undefined) return start(url, { ...options, headers });
  if (url.protocol === 'https:') {
    const socket = await openTunnel(proxy, url, signal);
    const createConnection = () => connectTls({ socket, servername: serverName(url), ALPNProtocols: ['http/1.1'] });
    return httpsRequest(url, { method: 'GET', headers, signal, createConnection });
  }
  const throughProxy = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return throughProxy(proxy, {
    ...options,
    path: `${url.origin}${url.pathname}${url.search}`,
    headers: { ...headers, Host: url.host, ...credentials(proxy) },
  });
}

function openTunnel(proxy: URL, { hostname, port }: URL, signal: AbortSignal): Promise<Socket> {
  const target = `${hostname}:${port || 443}`;
  const start = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = start(proxy, {
      method: 'CONNECT',
      path: target,
      agent: false,
      signal,
      headers: { Host: target, ...credentials(proxy) },
    });
    request.on('error', reject);
    // Node gives every answer to CONNECT in this way, whatever its status.
    request.once('connect', ({ statusCode = 0 }, socket, head) => {
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        return resolve(socket as Socket);
      }
      socket.destroy();
      reject(refusal(proxy, target, statusCode));
    });
    request.once('close', () =>
      reject(new FetchError({ where: `proxy ${proxy.host}`, problem: 'connection closed without an answer' }, true)),
    );
    request.end();
  });
}

function refusal(proxy: URL, target: string, status: number): ModelError {
  return new ModelError('proxy', {
    where: `proxy ${proxy.host}`,
    problem: `refused to connect to ${target} (status ${status})`,
  });
}

function credentials({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** The name that a certificate must show; addresses by number have none. */
function serverName({ hostname }: URL): string {
  return /^[\d.]+$|^\[/.test(hostname) ? '' : hostname;
}
