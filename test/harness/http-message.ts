export type Message = { rawHeaders: string[]; body: Buffer };

/** How a message marks the end of its body. */
export type MessageForm = 'content-length' | 'chunked';

/** Splits the body into two chunks, so that a truncated message can have one complete chunk. */
function renderChunks(body: Buffer): Buffer {
  const middle = body.length >> 1;
  const chunks = [body.subarray(0, middle), body.subarray(middle)].filter((chunk) => chunk.length > 0);
  const parts = chunks.flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']);
  return Buffer.concat([...parts, '0\r\n\r\n'].map((part) => Buffer.from(part)));
}

/** Renders the bytes of a request or an answer in this form, also if the original had the other one. */
export function renderMessage(firstLine: string, { rawHeaders, body }: Message, form: MessageForm): Buffer {
  const lines = [firstLine];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!/^(connection|keep-alive|content-length|transfer-encoding)$/i.test(name))
      lines.push(`${name}: ${value}`);
  }
  const isChunked = form === 'chunked';
  lines.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, isChunked ? renderChunks(body) : body]);
}
