/**
 * What runs inside Redis, each script as one step that nothing comes between. A script that would write is refused whole where memory is
 * used up, before its first write. Nothing here needs more than Redis 6.2.
 */
import { accountRoom } from './redis-account-scripts.ts';
import { segmentBytes, wakeChannel } from './redis-layout.ts';
import { defineScript } from './redis-script.ts';

/** Arguments are read one after the other. */
const reader = `
local at = 0
local function take() at = at + 1; return ARGV[at] end
local function count() return tonumber(take()) end
`;

/** Length of the name of one operation. */
export const operationLength = 12;

/** How many of them a session remembers: an answer that was lost is looked for among them. */
export const rememberedOperations = 16;

/** At which place the operations of a session name this one: 0 for the last one, nil for none. */
const findOperation = `
local function find(ops, op)
  for from = 1, #ops, ${operationLength} do
    if string.sub(ops, from, from + ${operationLength} - 1) == op then return (from - 1) / ${operationLength} end
  end
  return nil
end
`;

/**
 * Checks that the session is as the caller knows it: by its version and the operation that led there, since after a failover another
 * operation may have led to the same version. Where it is not, either this very operation was applied before and its answer was lost, or
 * the session was changed by another one.
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
 * KEYS: the session, its index, the due set, the small parts, then those that the arguments name by their place.
 * Answers done, conflict (with the version), gone, quota, damaged or unstaged; only done has written anything.
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
-- First what frees memory: after it the rest is let through, also where memory is used up. A change without new bytes is as well.
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
    -- What APPEND grows has room to spare: a segment that is full is written once more, as long as it is.
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

/** KEYS: the session, its index, the due set. Answers done, or taken where another has the name. */
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
 * KEYS: the session, its index. Answers its version and last operation, and no more where the caller knows these; else the meta, fields, and
 * whether these are all of them: where the operation that the caller knows is one of the last, they are those that changed since.
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

/** KEYS: the session, its index, the due set, the small parts, the mark of its removal, its segments. Answers done, conflict or gone. */
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

/** KEYS: the small parts, the first segment. From an offset, so many bytes at most. */
export const readPartScript = defineScript(`
local from, length = tonumber(ARGV[2]), tonumber(ARGV[3])
local small = redis.call('HGET', KEYS[1], ARGV[1])
if small then return string.sub(small, from + 1, from + length) end
return redis.call('GETRANGE', KEYS[2], from, from + length - 1)
`);

/** KEYS: due sets. Names whose deadline is over, each moved on: whoever took it may die before it rings. */
export const claimScript = defineScript(`
local names, left = {}, tonumber(ARGV[3])
for _, key in ipairs(KEYS) do
  if left <= 0 then break end
  local due = redis.call('ZRANGEBYSCORE', key, '-inf', ARGV[1], 'LIMIT', 0, left)
  for _, name in ipairs(due) do
    -- What frees comes first, so that deadlines are kept where memory is used up.
    redis.call('ZREM', key, name)
    redis.call('ZADD', key, ARGV[2], name)
    names[#names + 1] = name
  end
  left = left - #due
end
return names
`);

/** KEYS: due sets. How many sessions they hold. */
export const countScript = defineScript(`
local sum = 0
for _, key in ipairs(KEYS) do sum = sum + redis.call('ZCARD', key) end
return sum
`);

/**
 * A sign of life: KEYS: when the last one came, when the last outage ended. Without one for longer than the argument, in ms, nobody could
 * be heard until now. Answers the time of Redis and the end of the last outage, ms since 1970.
 */
export const beatScript = defineScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[1]) or '')
local text = string.format('%d', now)
-- After a write that frees, the next one is let through where memory is used up.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], text)
if not last or now - last > tonumber(ARGV[1]) or last > now + tonumber(ARGV[1]) then redis.call('SET', KEYS[2], text) end
return {text, redis.call('GET', KEYS[2]) or text}
`);
