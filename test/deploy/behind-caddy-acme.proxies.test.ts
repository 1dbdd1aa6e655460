/** Real listeners and clients behind Caddy with deploy/Caddyfile and a certificate that it obtained over ACME. */
import { findFreePort } from '../harness/free-port.ts';
import { startPebble } from '../harness/pebble.ts';
import { type ProxyOptions, startCaddyOn } from '../harness/proxy-process.ts';
import { describeProxy } from './describe-proxy.ts';

async function start(options: ProxyOptions) {
  const [admin, httpPort] = [await findFreePort(), await findFreePort()];
  const ports = { admin, httpPort, port: options.port ?? (await findFreePort()) };
  const pebble = await startPebble(ports);
  const caddy = await startCaddyOn(ports, { ...options, authority: pebble });
  return {
    ...caddy,
    stop: async () => {
      await caddy.stop();
      await pebble.stop();
    },
  };
}

describeProxy({
  title: 'behind Caddy with deploy/Caddyfile and a certificate from Pebble',
  needs: ['caddy', 'pebble', 'openssl'],
  start,
});
