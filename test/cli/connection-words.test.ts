import { getSystemErrorMap } from 'node:util';
import { expect, test } from 'vitest';
import { explain } from '../../src/cli/explain.ts';
import { explainConnection } from '../../src/client/explain-connection.ts';
import { describeTlsError } from '../../src/client/tls-words.ts';
import { startCannedServer } from '../harness/canned-server.ts';
import { makeClient } from '../harness/client.ts';
import { expectFailure } from './expect-failure.ts';
import { forTest } from '../harness/for-test.ts';

// Connection errors of the system, of OpenSSL and of libraries: the message has words before the error code.

const peer = { name: 'https://relay.example', host: 'relay.example', port: 443, source: '--url' };

function fail(code: string, message = `something (${code})`, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

/** All values of `tlsSocket.authorizationError` in Node. */
const certificateCodes = [
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'OUT_OF_MEM',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_HANDSHAKE_TIMEOUT',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  'ERR_SSL_DH_KEY_TOO_SMALL',
  'ERR_SSL_EE_KEY_TOO_SMALL',
  'ERR_SSL_CA_MD_TOO_WEAK',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  'ERR_SSL_SOMETHING_NEW',
  'ERR_OSSL_EVP_UNSUPPORTED',
];

test.each(certificateCodes)(
  'TLS error %s: words, then the code, and a hint that does not suggest starting a relay',
  (code) => {
    const { message, hint } = explainConnection(fail(code), peer);
    expect(message).toMatch(/^cannot reach https:\/\/relay\.example: [a-z][a-z ,.'-]{9,}.* \(\w+\)$/i);
    expect(message.endsWith(`(${code})`)).toBe(true);
    expect(hint).toMatch(/\w{3,} \w+/);
    expect(hint).not.toMatch(/remotify serve|HOST:PORT/);
  },
);

test.each([...getSystemErrorMap()].map(([errno, [code, words]]) => [code, errno, words] as const))(
  'system error %s: words before the code',
  (code, errno) => {
    const { message } = explainConnection(fail(code, `connect ${code}`, { errno }), peer);
    expect(message).toMatch(/^cannot reach https:\/\/relay\.example: [\w' ,/.-]{6,} \(\w+\)$/);
    expect(message).not.toMatch(/: [A-Z0-9_]+ \(/);
  },
);

test.each([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_DESTROYED',
  'UND_ERR_SOMETHING_NEW',
  'HPE_INVALID_CONSTANT',
  'SOMETHING_NEW',
  '',
])('library error %j: the message has words', (code) => {
  const { message } = explainConnection(code === '' ? new Error('odd') : fail(code), peer);
  expect(message).toMatch(/: [a-z][a-z ]{9,}/i);
  expect(message).not.toMatch(/: [A-Z_0-9]+$/);
});

test.each([
  ['a malformed header', 'x y: z\r\n\r\n'],
  ['a malformed chunk', 'transfer-encoding: chunked\r\n\r\nzz\r\n'],
])('a server answers with %s: the error says that it does not speak HTTP', async (_title, rest) => {
  const server = await forTest(startCannedServer(`HTTP/1.1 200 OK\r\n${rest}`));
  const client = await forTest(makeClient({ url: server.url }));
  const result = await client.run(['new']);
  expectFailure(result, 255, /it does not speak HTTP\n/);
  expect(result.stderr).toContain('the port may belong to another service');
});

test('several addresses failed: the message has the reason of the first', () => {
  const refused = fail('ECONNREFUSED', 'connect ECONNREFUSED ::1:443');
  const { message } = explainConnection(new AggregateError([refused, fail('EHOSTUNREACH')], ''), peer);
  expect(message).toContain('connection refused (ECONNREFUSED)');
});

test('a library error that wraps a system error: the message has the system error', () => {
  const error = Object.assign(fail('UND_ERR_SOCKET'), { cause: fail('ECONNRESET') });
  expect(explainConnection(error, peer).message).toContain('the connection closed unexpectedly (ECONNRESET)');
});

test('an OpenSSL error without a code of its own: the message text decides', () => {
  const error = fail(
    'EPROTO',
    'write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:',
  );
  expect(explainConnection(error, peer).message).toContain('it does not speak TLS (EPROTO)');
});

test('a certificate for 100 long names: the message is short', () => {
  const subjectaltname = Array.from({ length: 100 }, (_, at) => `DNS:${'x'.repeat(50)}${at}.example`).join(
    ', ',
  );
  const error = fail('ERR_TLS_CERT_ALTNAME_INVALID', '', { cert: { subjectaltname } });
  const found = describeTlsError(error, 'ERR_TLS_CERT_ALTNAME_INVALID', 'relay.example:443');
  expect(found?.words.length).toBeLessThan(300);
  expect(found?.words).toContain('x0.example');
});

test('an unexpected system error: explained in words, not reported as a bug', () => {
  const error = fail('EMFILE', "EMFILE: too many open files, open '/x'", {
    errno: -24,
    syscall: 'open',
    path: '/x',
  });
  const { message, hint } = explain(error);
  expect(message).toBe('cannot use "/x": too many open files (EMFILE)');
  expect(hint).toContain('ulimit -n');
  const other = explain(fail('ENOMEM', 'spawn ENOMEM', { errno: -12, syscall: 'spawn' }));
  expect(other.message).toMatch(/^a system call failed: .+ \(ENOMEM\)$/);
});
