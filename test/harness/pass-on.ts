import { type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Forwards a request to a port on loopback, and returns its answer unchanged. If one side disconnects, closes the other too. */
export function passOn(
  incoming: IncomingMessage,
  answer: ServerResponse,
  port: number,
  path = incoming.url,
): void {
  const { method, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (back) => {
    answer.writeHead(back.statusCode ?? 502, back.headers);
    back.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => {
    if (!answer.writableFinished) onward.destroy();
  });
  incoming.pipe(onward);
}
