/** Redis scripts that count the sessions and bytes of accounts, see redis-accounts.ts. */
import { defineScript } from './redis-script.ts';

/** Whether an account may hold `growth` more bytes. A limit below 0 means no limit. */
export const accountRoom = `
local function hasRoom(key, growth, limit)
  if growth <= 0 or limit < 0 then return true end
  return (tonumber(redis.call('GET', key) or '0') or 0) + growth <= limit
end
`;

/** KEYS: the sessions of an account. Returns 1 if there was room for one more session, or the session is already counted. */
export const addToAccountScript = defineScript(`
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
if tonumber(ARGV[3]) >= 0 and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
`);

/** KEYS: the sessions of an account, its bytes. */
export const removeFromAccountScript = defineScript(`
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
if redis.call('ZCARD', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) else redis.call('DECRBY', KEYS[2], ARGV[2]) end
return 1
`);

/** KEYS: the bytes of an account. Adds bytes and returns 1, or returns 0 if they would exceed the limit. */
export const reserveScript = defineScript(`${accountRoom}
if not hasRoom(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])) then return 0 end
redis.call('INCRBY', KEYS[1], ARGV[1])
return 1
`);

/** KEYS: the bytes of an account. Sets the counter and returns 1, or returns 0 if it changed since the caller read it. */
export const recountScript = defineScript(`
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`);
