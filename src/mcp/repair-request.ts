/** Requests as real hosts send them, made to what the protocol's library accepts. */

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function repairMeta(meta: unknown): Record<string, unknown> | undefined {
  if (!isObject(meta)) return undefined;
  const { progressToken, ...rest } = meta;
  const isToken = typeof progressToken === 'string' || typeof progressToken === 'number';
  return isToken ? meta : rest;
}

/**
 * A call without arguments, with null, or with JSON as text is handed on: readArguments() makes sense of it, or says what is wrong. The
 * library would answer with a protocol error, which many hosts do not show to the model.
 */
export function repairRequest<T>(message: T): T {
  if (!isObject(message) || message['method'] !== 'tools/call' || !isObject(message['params']))
    return message;
  const { arguments: given, _meta: meta, ...rest } = message['params'];
  const params: Record<string, unknown> = { ...rest };
  if (typeof rest['name'] !== 'string') params['name'] = String(rest['name']);
  params['arguments'] = isObject(given)
    ? given
    : given === undefined || given === null
      ? {}
      : { arguments: given };
  const repaired = repairMeta(meta);
  if (repaired) params['_meta'] = repaired;
  return { ...message, params };
}
