/** Words and hints for errors of a certificate or a TLS handshake. The codes are OpenSSL's, as Node names them. */

/** Hints. `HOST:PORT` is replaced by the peer's. */
const cures = {
  authority:
    'if the authority is your own, trust it: `export NODE_EXTRA_CA_CERTS=/path/to/ca.pem`; to see what the server sends: `openssl s_client -showcerts -connect HOST:PORT`',
  chain:
    'if the authority is your own, trust it: `export NODE_EXTRA_CA_CERTS=/path/to/ca.pem`; if you already did, the server must also send its intermediate certificates; to see what it sends: `openssl s_client -showcerts -connect HOST:PORT`',
  clock: 'renew the certificate; if it is valid, check the clock of this machine: `date`',
  name: 'use a host name that the certificate is for, or issue a certificate for this name',
  broken:
    'issue the certificate again; to see what the server sends: `openssl s_client -showcerts -connect HOST:PORT`',
  key: 'issue a certificate with a stronger key and digest: RSA 2048 or EC P-256, SHA-256',
  revoked: 'issue a new certificate for the server',
  scheme: 'if it speaks plain http, write http:// in the URL; if not, use the port that speaks TLS',
  version: 'enable TLS 1.2 or 1.3 on the server, with ciphers that this client supports',
  client: 'this client does not send a certificate: use an address that does not require one',
  refused:
    'it may require a client certificate, or have no TLS version or cipher in common with this client; to see its reply: `openssl s_client -connect HOST:PORT`',
  handshake: 'to see the reply of the server: `openssl s_client -connect HOST:PORT`',
  system: 'free some memory and try again',
} as const;

type Cure = keyof typeof cures;

/** Errors of the certificate that the peer sent. */
const certificateWords: Readonly<Record<string, readonly [string, Cure]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', 'authority'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'its certificate comes from an authority that is not trusted here',
    'authority',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'its certificate comes from an authority that is not trusted here',
    'authority',
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    'its certificate comes from an authority that is not trusted here',
    'authority',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its certificate comes from an authority that is not trusted here, or an intermediate certificate is missing',
    'chain',
  ],
  CERT_UNTRUSTED: ['its certificate is not trusted for this purpose', 'authority'],
  CERT_REJECTED: ['its certificate is rejected for this purpose', 'authority'],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'clock'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'clock'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host', 'name'],
  HOSTNAME_MISMATCH: ['its certificate is for another host', 'name'],
  CERT_REVOKED: ['its certificate is revoked', 'revoked'],
  CERT_CHAIN_TOO_LONG: ['its chain of certificates is too long', 'broken'],
  PATH_LENGTH_EXCEEDED: ['its chain of certificates is longer than its authority allows', 'broken'],
  INVALID_CA: ['its certificate was issued by a certificate that is not an authority', 'broken'],
  INVALID_PURPOSE: ['its certificate is not for servers', 'broken'],
  CERT_SIGNATURE_FAILURE: ['the signature of its certificate is wrong', 'broken'],
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: ['the signature of its certificate cannot be read', 'broken'],
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: ['the key of its authority cannot be read', 'broken'],
  ERROR_IN_CERT_NOT_BEFORE_FIELD: ['the dates of its certificate are malformed', 'broken'],
  ERROR_IN_CERT_NOT_AFTER_FIELD: ['the dates of its certificate are malformed', 'broken'],
  OUT_OF_MEM: ['there is not enough memory to check its certificate', 'system'],
};

/** Errors of the handshake. Each pattern matches a part of the code after `ERR_SSL_`. */
const handshakeWords: readonly (readonly [RegExp, string, Cure])[] = [
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/, 'it does not speak TLS', 'scheme'],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|VERSION_TOO_LOW|INAPPROPRIATE_FALLBACK/,
    'it speaks only versions of TLS that this client refuses',
    'version',
  ],
  [
    /CERTIFICATE_REQUIRED|ALERT_(?:BAD|NO|UNKNOWN|UNSUPPORTED|REVOKED|EXPIRED)_?CERTIFICATE|CERTIFICATE_(?:UNKNOWN|EXPIRED|REVOKED)|ALERT_UNKNOWN_CA|ALERT_ACCESS_DENIED/,
    'it requires a client certificate',
    'client',
  ],
  [/(?:KEY_TOO_SMALL|MD_TOO_WEAK|DIGEST_TOO_WEAK|BAD_ECPOINT)/, 'its key or certificate is too weak', 'key'],
  [/NO_SHARED_CIPHER|INSUFFICIENT_SECURITY/, 'it has no cipher in common with this client', 'version'],
  [/HANDSHAKE_FAILURE/, 'it refused the TLS handshake', 'refused'],
  [/UNRECOGNIZED_NAME/, 'it does not know this host name', 'name'],
];

export interface TlsWords {
  readonly words: string;
  readonly hint: string;
}

/** Undefined for an error that does not come from TLS. `place`: host and port for a command to copy. */
export function describeTlsError(error: Error, code: string, place: string): TlsWords | undefined {
  const say = (words: string, cure: Cure): TlsWords => ({
    words,
    hint: cures[cure].replace('HOST:PORT', place),
  });
  const known = certificateWords[code];
  if (known) {
    const names = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? listNames(error) : '';
    return say(names === '' ? known[0] : `its certificate is for ${names}`, known[1]);
  }
  // An error that Node has no code for: the message is OpenSSL's own.
  if (code === 'UNSPECIFIED')
    return say(
      `its certificate is not accepted: ${error.message}`,
      /too (?:weak|small)/i.test(error.message) ? 'key' : 'broken',
    );
  if (/CRL/.test(code)) return say('its certificate cannot be checked for revocation', 'revoked');
  const openssl = code === 'EPROTO' ? error.message.toUpperCase().replaceAll(' ', '_') : code;
  if (!/^(?:EPROTO|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/.test(code)) return undefined;
  const found = handshakeWords.find(([pattern]) => pattern.test(openssl));
  return found ? say(found[1], found[2]) : say('the TLS handshake failed', 'handshake');
}

/** The names in the certificate. Untrusted text: it is cut here, and escaped where it is printed. */
function listNames(error: Error): string {
  const cert =
    'cert' in error ? (error.cert as { subjectaltname?: unknown; subject?: { CN?: unknown } }) : {};
  const { subjectaltname: listed, subject } = cert;
  const text = typeof listed === 'string' ? listed : subject?.CN;
  if (typeof text !== 'string') return '';
  const names = text.replaceAll(/\b(?:DNS|IP Address):/g, '').split(', ');
  return names.slice(0, 5).join(', ').slice(0, 200) + (names.length > 5 ? ', …' : '');
}
