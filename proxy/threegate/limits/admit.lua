-- Takes a place for one call, or says which limit is reached and how many seconds to wait.
-- KEYS: the scope. ARGV: lease; requests a minute, calls at once, tokens a minute, tokens a day (-1:
-- no limit); seconds until an unrenewed lease ends.
local now = redis.call('TIME')
local us = now[1] * 1000000 + now[2]
local minute, day = math.floor(now[1] / 60), math.floor(now[1] / 86400)
local base = KEYS[1]
local requests, leases = base .. ':r', base .. ':l'
if redis.call('ZSCORE', requests, ARGV[1]) then return {'', 0} end  -- asked again after a cut line
redis.call('ZREMRANGEBYSCORE', requests, '-inf', us - 60000000)
redis.call('ZREMRANGEBYSCORE', leases, '-inf', us)
-- Later than can be: the server's clock was set back. The place of a process that lives is renewed.
redis.call('ZREMRANGEBYSCORE', requests, string.format('(%.0f', us), '+inf')
local until_us = us + tonumber(ARGV[6]) * 1000000
local late = redis.call('ZRANGEBYSCORE', leases, string.format('(%.0f', until_us), '+inf')
for i = 1, #late do redis.call('ZADD', leases, until_us, late[i]) end
local limit = {tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])}
if limit[1] >= 0 and redis.call('ZCARD', requests) >= limit[1] then
  local oldest = redis.call('ZRANGE', requests, 0, 0, 'WITHSCORES')
  local wait = 60
  if oldest[2] then wait = math.ceil((oldest[2] + 60000000 - us) / 1000000) end
  return {'requests', wait}
end
if limit[2] >= 0 and redis.call('ZCARD', leases) >= limit[2] then
  return {'calls', 1}
end
if limit[3] >= 0 and tonumber(redis.call('GET', base .. ':m' .. minute) or '0') >= limit[3] then
  return {'tokens', 60 - now[1] % 60}
end
if limit[4] >= 0 and tonumber(redis.call('GET', base .. ':d' .. day) or '0') >= limit[4] then
  return {'tokens', 86400 - now[1] % 86400}
end
redis.call('ZADD', requests, us, ARGV[1])
redis.call('EXPIRE', requests, 61)
redis.call('ZADD', leases, until_us, ARGV[1])
redis.call('EXPIRE', leases, ARGV[6])
local used = tonumber(redis.call('GET', base .. ':m' .. minute) or '0')
return {'', 0, redis.call('ZCARD', requests), used, 60 - now[1] % 60}
