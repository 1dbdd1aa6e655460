/** Repairs requests of real hosts that the protocol library would reject. */

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function repairMeta(meta: unknown): Record<string, unknown> | undefined {
  if (!isObject(meta)) return undefined;
  const { progressToken, ...rest } = meta;
  const isToken = typeof progressToken === 'string' || Number.isInteger(progressToken);
  return isToken ? meta : rest;
}

/** Removes params that are null, and null values in params: hosts send null for omitted values. */
function dropNulls(message: Record<string, unknown>): Record<string, unknown> {
  const { params, ...rest } = message;
  if (params === undefined || params === null) return rest;
  if (!isObject(params)) return message;
  return {
    ...rest,
    params: Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null)),
  };
}

/**
 * Accepts a call without arguments, with null, or with JSON as text: readArguments() parses it, or explains what is wrong. The library
 * would answer with a protocol error, which many hosts do not show to the model.
 */
export function repairRequest(given: unknown): unknown {
  if (!isObject(given) || typeof given['method'] !== 'string') return given;
  const message = dropNulls(given);
  const { params: called = {} } = message;
  return message['method'] === 'tools/call' && isObject(called) ? repairCall(message, called) : message;
}

function repairCall(message: Record<string, unknown>, called: Record<string, unknown>): unknown {
  const { arguments: given, _meta: meta, ...rest } = called;
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
