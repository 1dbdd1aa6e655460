import { expect, test } from 'vitest';
import { releaseBuffer } from '../../src/relay/release-buffer.ts';

const size = 1024 * 1024;

test('1000 buffers of 1 MiB, each released: memory never grows by 4 MiB', () => {
  let most = 0;
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 1000; count += 1) {
    const buffer = Buffer.allocUnsafeSlow(size);
    releaseBuffer(buffer);
    expect(buffer.byteLength).toBe(0);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeLessThan(4 * size);
});

test('buffers that share their memory: they are not released', () => {
  const whole = Buffer.alloc(size, 'a');
  releaseBuffer(whole.subarray(1));
  releaseBuffer(whole.subarray(0, -1));
  const pooled = Buffer.from('one of several in a pool of node’s');
  releaseBuffer(pooled);
  releaseBuffer(Buffer.from(new SharedArrayBuffer(size)));
  expect(whole.equals(Buffer.alloc(size, 'a'))).toBe(true);
  expect(pooled.toString()).toBe('one of several in a pool of node’s');
});
