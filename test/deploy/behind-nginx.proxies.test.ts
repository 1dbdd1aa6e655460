/** Real listeners and clients behind nginx: with a bare proxy_pass, and with deploy/nginx.conf. */
import { startBareNginx, startNginx } from '../harness/proxy-process.ts';
import { describeProxy } from './describe-proxy.ts';

describeProxy({
  title: 'behind nginx with only a proxy_pass, with --public-url',
  needs: ['nginx'],
  start: startBareNginx,
  flags: [],
  publicUrl: (port) => `http://127.0.0.1:${port}`,
  hidesAddresses: true,
  logsKeys: true,
  takesLargeBodies: false,
});

describeProxy({
  title: 'behind nginx with deploy/nginx.conf',
  needs: ['nginx', 'openssl'],
  start: startNginx,
});
