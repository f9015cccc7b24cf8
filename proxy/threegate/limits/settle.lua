-- Gives a place back and counts its tokens. KEYS: the scope. ARGV: lease, tokens.
local now = redis.call('TIME')
local base = KEYS[1]
redis.call('ZREM', base .. ':l', ARGV[1])
local minute = base .. ':m' .. math.floor(now[1] / 60)
local day = base .. ':d' .. math.floor(now[1] / 86400)
redis.call('INCRBY', minute, ARGV[2])
redis.call('EXPIRE', minute, 120)
redis.call('INCRBY', day, ARGV[2])
redis.call('EXPIRE', day, 172800)
return 1
