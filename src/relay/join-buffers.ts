/** All of them as one: itself where there is only one. */
export function joinBuffers(buffers: readonly Buffer[]): Buffer {
  const [first] = buffers;
  return first && buffers.length === 1 ? first : Buffer.concat(buffers);
}
