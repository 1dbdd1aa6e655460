/** Serves the web page: four files, read once at the start. */
import { readFileSync } from 'node:fs';
import { pageFolder } from './page-folder.ts';
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
  'index.html': 'text/html',
  'landing.css': 'text/css',
  'landing.js': 'text/javascript',
  'icon.svg': 'image/svg+xml',
} as const;

function serveFile(name: keyof typeof contentTypes): Handler {
  const bytes = readFileSync(new URL(name, pageFolder));
  return ({ exchange }, { options }) =>
    exchange.send(
      200,
      {
        'content-type': `${contentTypes[name]}; charset=utf-8`,
        'content-security-policy': contentSecurityPolicy,
        // A page that opened this one gets no reference to its window, so it cannot change the key in its URL.
        'cross-origin-opener-policy': 'same-origin',
      },
      name === 'index.html' ? placeLinks(bytes, pathPrefix(options)) : bytes,
    );
}

/**
 * The links of the page are relative, so that it works below any path. If the path of the public URL is known, they
 * begin with it: from /remotify, without a slash at its end, relative links would lead to the wrong place.
 */
function placeLinks(page: Buffer, prefix: string): Buffer | string {
  if (prefix === '') return page;
  return page.toString().replaceAll('="./', () => `="${prefix.replaceAll('&', '&amp;')}/`);
}

export const servePage = serveFile('index.html');
export const servePageStyle = serveFile('landing.css');
export const servePageIcon = serveFile('icon.svg');
export const servePageScript = serveFile('landing.js');
