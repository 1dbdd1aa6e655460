/**
 * The Lua scripts that run inside Redis, each as one atomic step. When Redis is out of memory it rejects a writing script completely,
 * before its first write. All scripts work with Redis 6.2.
 */
import { accountRoom } from './redis-account-scripts.ts';
import { segmentBytes, wakeChannel } from './redis-layout.ts';
import { defineScript } from './redis-script.ts';

/** Reads the arguments one after the other. */
const reader = `
local at = 0
local function take() at = at + 1; return ARGV[at] end
local function count() return tonumber(take()) end
`;

/** Length of an operation name. */
export const operationLength = 12;

/** How many operations a session remembers. After a lost answer the relay looks for its operation among them. */
export const rememberedOperations = 16;

/** The index of an operation among those of a session: 0 for the last one, nil if it is not there. */
const findOperation = `
local function find(ops, op)
  for from = 1, #ops, ${operationLength} do
    if string.sub(ops, from, from + ${operationLength} - 1) == op then return (from - 1) / ${operationLength} end
  end
  return nil
end
`;

/**
 * Checks that the session is unchanged since the caller read it: by its version and the operation that wrote it, since after a failover
 * another operation may have written the same version. If it changed, either this very operation was applied before and its answer was
 * lost (done), or another operation changed the session (conflict).
 */
const checkVersion = `${findOperation}
local function check(session, known, knownOp, op)
  local v, ops = unpack(redis.call('HMGET', session, 'v', 'o'))
  if not v then return {'gone'} end
  if v == known and find(ops or '', knownOp) == 0 then return nil, ops end
  if find(ops or '', op) then return {'done', v} end
  return {'conflict', v}
end
`;

/**
 * KEYS: the session, its index, the due set, the small parts, then the keys that the arguments refer to by their index.
 * Returns done, conflict (with the version), gone, quota, damaged or unstaged. Only `done` means that the script wrote anything.
 */
export const commitScript = defineScript(`${reader}${checkVersion}${accountRoom}
local session, index, due, parts = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local known, knownOp, version, op = take(), take(), take(), take()
local other, ops = check(session, known, knownOp, op)
if other then return other end
local meta, dueAt, name, wake = take(), take(), take(), take()
for _ = 1, count() do
  local place, field, least = count(), take(), count()
  local length = place > 0 and redis.call('STRLEN', KEYS[place]) or redis.call('HSTRLEN', parts, field)
  if length < least then return {'damaged'} end
end
local staged = {}
for n = 1, count() do
  staged[n] = {count(), count()}
  if redis.call('EXISTS', KEYS[staged[n][1]]) == 0 then return {'unstaged'} end
end
local account, growth, limit = count(), count(), count()
if account > 0 and not hasRoom(KEYS[account], growth, limit) then return {'quota'} end
-- First the writes that free memory: after one of them Redis permits the rest, even when it is out of memory. A change without
-- new bytes begins with a ZREM for the same reason.
if take() == 'small' then redis.call('ZREM', due, name) end
for _ = 1, count() do redis.call('UNLINK', KEYS[count()]) end
for _ = 1, count() do redis.call('HDEL', parts, take()) end
for _ = 1, count() do
  local field, offset, bytes = take(), count(), take()
  if offset > 0 then bytes = string.sub(redis.call('HGET', parts, field), 1, offset) .. bytes end
  redis.call('HSET', parts, field, bytes)
end
for _ = 1, count() do
  local key, offset, moved, bytes = KEYS[count()], count(), take(), take()
  if moved ~= '' then
    bytes = string.sub(redis.call('HGET', parts, moved), 1, offset) .. bytes
    redis.call('HDEL', parts, moved)
    redis.call('SET', key, bytes)
  elseif offset == 0 then
    redis.call('SET', key, bytes)
  elseif redis.call('STRLEN', key) == offset then
    redis.call('APPEND', key, bytes)
    -- APPEND over-allocates: a full segment is written again, which frees the spare memory.
    if offset + #bytes == ${segmentBytes} then redis.call('SET', key, redis.call('GET', key)) end
  else
    redis.call('SET', key, redis.call('GETRANGE', key, 0, offset - 1) .. bytes)
  end
end
for _, pair in ipairs(staged) do
  redis.call('RENAME', KEYS[pair[1]], KEYS[pair[2]])
  redis.call('PERSIST', KEYS[pair[2]])
end
if account > 0 and growth ~= 0 then redis.call('INCRBY', KEYS[account], string.format('%d', growth)) end
for _ = 1, count() do
  local field, json = take(), take()
  redis.call('HSET', session, field, json)
  redis.call('ZADD', index, version, field)
end
for _ = 1, count() do
  local field = take()
  redis.call('HDEL', session, field)
  redis.call('ZREM', index, field)
end
ops = string.sub(op .. ops, 1, ${operationLength * rememberedOperations})
redis.call('HSET', session, 'v', version, 'm', meta, 'o', ops)
redis.call('ZADD', due, dueAt, name)
if wake ~= '' then redis.call('PUBLISH', '${wakeChannel}', wake) end
return {'done', version}
`);

/** KEYS: the session, its index, the due set. Returns done, or taken if another session has the name. */
export const createScript = defineScript(`${reader}
local session, index, due = KEYS[1], KEYS[2], KEYS[3]
local version, op, meta, dueAt, name = take(), take(), take(), take(), take()
if redis.call('EXISTS', session) == 1 then
  return {redis.call('HGET', session, 'o') == op and 'done' or 'taken'}
end
redis.call('HSET', session, 'v', version, 'm', meta, 'o', op)
redis.call('ZADD', due, dueAt, name)
for _ = 1, count() do
  local field, json = take(), take()
  redis.call('HSET', session, field, json)
  redis.call('ZADD', index, version, field)
end
return {'done'}
`);

/**
 * KEYS: the session, its index. Returns version and last operation, and nothing else if the caller knows this version. Otherwise also the
 * meta, fields, and 'all' or 'changed': if the session still remembers the caller's operation, only the fields that changed since.
 */
export const readScript = defineScript(`${findOperation}
local known, knownOp = ARGV[1], ARGV[2]
local v, m, ops = unpack(redis.call('HMGET', KEYS[1], 'v', 'm', 'o'))
if not v then return {} end
ops = ops or ''
local last = string.sub(ops, 1, ${operationLength})
local place = knownOp ~= '' and find(ops, knownOp)
if v == known and place == 0 then return {v, last} end
if not place then return {v, last, m, redis.call('HGETALL', KEYS[1]), 'all'} end
local found = {}
for _, field in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. known, '+inf')) do
  found[#found + 1] = field
  found[#found + 1] = redis.call('HGET', KEYS[1], field)
end
return {v, last, m, found, 'changed'}
`);

/** KEYS: the session, its index, the due set, the small parts, the mark of its removal, its segments. Returns done, conflict or gone. */
export const removeScript = defineScript(`${reader}${checkVersion}
local session, index, due, parts, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local known, knownOp, op, name, wake = take(), take(), take(), take(), take()
if redis.call('GET', gone) == op then return {'done'} end
local other = check(session, known, knownOp, op)
if other then return other end
redis.call('UNLINK', session, index, parts)
for n = 6, #KEYS do redis.call('UNLINK', KEYS[n]) end
redis.call('ZREM', due, name)
redis.call('SET', gone, op, 'EX', 60)
redis.call('PUBLISH', '${wakeChannel}', wake)
return {'done'}
`);

/** KEYS: the small parts, the first segment. ARGV: the part, an offset, the most bytes to return. */
export const readPartScript = defineScript(`
local from, length = tonumber(ARGV[2]), tonumber(ARGV[3])
local small = redis.call('HGET', KEYS[1], ARGV[1])
if small then return string.sub(small, from + 1, from + length) end
return redis.call('GETRANGE', KEYS[2], from, from + length - 1)
`);

/** KEYS: due sets. Returns names whose deadline has passed, and moves each deadline on: the relay that took a name may die before it acts. */
export const claimScript = defineScript(`
local names, left = {}, tonumber(ARGV[3])
for _, key in ipairs(KEYS) do
  if left <= 0 then break end
  local due = redis.call('ZRANGEBYSCORE', key, '-inf', ARGV[1], 'LIMIT', 0, left)
  for _, name in ipairs(due) do
    -- ZREM frees memory, so it comes first: then ZADD works even when Redis is out of memory.
    redis.call('ZREM', key, name)
    redis.call('ZADD', key, ARGV[2], name)
    names[#names + 1] = name
  end
  left = left - #due
end
return names
`);

/** KEYS: due sets. Returns how many sessions they have. */
export const countScript = defineScript(`
local sum = 0
for _, key in ipairs(KEYS) do sum = sum + redis.call('ZCARD', key) end
return sum
`);

/**
 * The heartbeat of a relay. KEYS: the time of the last heartbeat, the end of the last outage. A time without a heartbeat that is longer
 * than ARGV[1] ms is an outage, which ends now. Returns the time of Redis and the end of the last outage, ms since 1970.
 */
export const beatScript = defineScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[1]) or '')
local text = string.format('%d', now)
-- DEL frees memory, so that SET works even when Redis is out of memory.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], text)
if not last or now - last > tonumber(ARGV[1]) or last > now + tonumber(ARGV[1]) then redis.call('SET', KEYS[2], text) end
return {text, redis.call('GET', KEYS[2]) or text}
`);
