/** The landing page: four files, read once. */
import { readFileSync } from 'node:fs';
import { pathPrefix } from './public-url.ts';
import type { Handler } from './relay-context.ts';

const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const contentTypes = {
  html: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  svg: 'image/svg+xml',
} as const;

function serveFile(file: URL, type: keyof typeof contentTypes): Handler {
  const bytes = readFileSync(file);
  return ({ exchange }, { options }) =>
    exchange.send(
      200,
      {
        'content-type': `${contentTypes[type]}; charset=utf-8`,
        'content-security-policy': contentSecurityPolicy,
        // Another page that opens this one gets no hold of its window, and cannot change the key in its address.
        'cross-origin-opener-policy': 'same-origin',
      },
      type === 'html' ? placeLinks(bytes, pathPrefix(options)) : bytes,
    );
}

/**
 * The page's links are relative to it, so that it works below any path. Where that path is known they begin with it: below
 * /remotify, without a slash, they would lead elsewhere.
 */
function placeLinks(page: Buffer, prefix: string): Buffer | string {
  if (prefix === '') return page;
  return page.toString().replaceAll('="./', () => `="${prefix.replaceAll('&', '&amp;')}/`);
}

// Written out one by one: a bundler must see each name.
export const servePage = serveFile(new URL('./landing/index.html', import.meta.url), 'html');
export const servePageStyle = serveFile(new URL('./landing/landing.css', import.meta.url), 'css');
export const servePageIcon = serveFile(new URL('./landing/icon.svg', import.meta.url), 'svg');
export const servePageScript = serveFile(new URL('./landing/landing.js', import.meta.url), 'js');
