/** Real listeners and clients behind Caddy with the Caddyfiles of deploy/. */
import { startCaddy } from '../harness/proxy-process.ts';
import { describeProxy } from './describe-proxy.ts';

describeProxy({
  title: 'behind Caddy with deploy/Caddyfile.http',
  needs: ['caddy'],
  start: (options) => startCaddy({ ...options, authority: 'http' }),
});

describeProxy({
  title: "behind Caddy with deploy/Caddyfile and Caddy's own authority",
  needs: ['caddy'],
  start: (options) => startCaddy({ ...options, authority: 'internal' }),
});
