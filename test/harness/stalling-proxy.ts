/** A TCP proxy in front of a relay that stops at an exact byte, so that a test can interrupt a transfer there on any machine. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `up` is to the relay, `down` from it. */
export type Direction = 'up' | 'down';

export type StallingProxy = {
  url: string;
  /** How many bytes it has forwarded so far. */
  passed: (direction: Direction) => number;
  /** Forwards this many more bytes, then none in this direction until `open`. */
  holdAfter: (direction: Direction, bytes: number) => void;
  /** Whether the last allowed byte has been forwarded, and more are waiting. */
  isHolding: (direction: Direction) => boolean;
  /** Forwards the waiting bytes and all later ones. */
  open: () => void;
  stop: () => Promise<void>;
};

type Lane = { budget: number; passed: number; waiting: Set<() => void> };

const newLane = (): Lane => ({ budget: Number.POSITIVE_INFINITY, passed: 0, waiting: new Set() });

/** Bytes beyond the budget wait in this process; their sender is paused. */
function pump(from: Socket, to: Socket, lane: Lane): void {
  let held = Buffer.alloc(0);
  const release = (): void => {
    const part = held.subarray(0, Math.min(held.byteLength, lane.budget));
    held = held.subarray(part.byteLength);
    lane.budget -= part.byteLength;
    lane.passed += part.byteLength;
    const isRoom = part.byteLength === 0 || to.write(part);
    if (held.byteLength > 0) return;
    lane.waiting.delete(release);
    if (isRoom) from.resume();
    else to.once('drain', () => from.resume());
  };
  from.on('data', (bytes: Buffer) => {
    from.pause();
    held = Buffer.concat([held, bytes]);
    lane.waiting.add(release);
    release();
  });
  from.on('end', () => to.end());
  from.on('error', () => {});
  from.on('close', () => {
    lane.waiting.delete(release);
    to.destroy();
  });
}

/** Starts the proxy on a free loopback port. The relay may be restarted on its port. */
export async function startStallingProxy(relay: { port: number }): Promise<StallingProxy> {
  const lanes = { up: newLane(), down: newLane() };
  const sockets = new Set<Socket>();
  const server = createServer((asker) => {
    const upstream = connect(relay.port, '127.0.0.1');
    for (const socket of [asker, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => sockets.delete(socket));
    }
    pump(asker, upstream, lanes.up);
    pump(upstream, asker, lanes.down);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: (direction) => lanes[direction].passed,
    holdAfter: (direction, bytes) => {
      lanes[direction].budget = bytes;
      for (const release of lanes[direction].waiting) release();
    },
    isHolding: (direction) => lanes[direction].waiting.size > 0 && lanes[direction].budget === 0,
    open: () => {
      for (const lane of Object.values(lanes)) {
        lane.budget = Number.POSITIVE_INFINITY;
        for (const release of lane.waiting) release();
      }
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
