/** Real listeners and clients behind HAProxy with deploy/haproxy.cfg. */
import { startHaproxy } from '../harness/proxy-process.ts';
import { describeProxy } from './describe-proxy.ts';

describeProxy({
  title: 'behind HAProxy with deploy/haproxy.cfg',
  needs: ['haproxy', 'openssl'],
  start: startHaproxy,
});
