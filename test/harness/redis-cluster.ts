/** Starts a Redis cluster of three servers, without replicas. */
import { eventually } from './deadline.ts';
import { findFreePort } from './free-port.ts';
import { type Redis, startRedis } from './redis.ts';

export type RedisCluster = {
  url: string;
  nodes: readonly Redis[];
  /** Empties all of them. */
  flush: () => Promise<void>;
  stop: () => Promise<void>;
};

const slotRanges = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
];

export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: Redis[] = [];
  const stop = async (): Promise<void> => {
    for (const node of nodes) await node.stop();
  };
  try {
    for (const range of slotRanges) {
      // Choose the second port: by default it is the first plus 10,000, which may be taken or too high.
      const busPort = await findFreePort();
      const own = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)];
      const node = await startRedis({ flags: [...own, '--cluster-node-timeout', '2000'] });
      nodes.push(node);
      await node.cli('CLUSTER', 'ADDSLOTSRANGE', ...range);
      await nodes[0]?.cli('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busPort));
    }
    for (const node of nodes)
      await eventually('the cluster is whole', 20_000, async () => {
        return (await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok');
      });
    const [first, second] = nodes;
    return {
      url: `redis+cluster://127.0.0.1:${first?.port},127.0.0.1:${second?.port}`,
      nodes,
      flush: async () => {
        for (const node of nodes) await node.cli('FLUSHALL');
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
