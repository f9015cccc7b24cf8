-- Renews the leases of a scope. KEYS: the scope. ARGV: seconds, leases.
local now = redis.call('TIME')
local until_us = now[1] * 1000000 + now[2] + tonumber(ARGV[1]) * 1000000
for i = 2, #ARGV do redis.call('ZADD', KEYS[1] .. ':l', 'XX', until_us, ARGV[i]) end
redis.call('EXPIRE', KEYS[1] .. ':l', ARGV[1])
return 1
