-- Tokens that are good no more: revoked:{region} is the truth, by when each would have expired anyway;
-- revocations:{region} tells the services what is new. Each service keeps a copy of the first and follows
-- the second (revocations.h).
do

local FOLLOWED_MAX = '10000' -- who has missed more reads all of revoked:{region} anew

-- jti, when the token expires. Extra `replayed`: it was revoked for as long before.
declare('token_revoke', {}, function(c, a)
    local jti, till = a[1], num_of(a[2])
    if jti == '' or #jti > 64 or not till then return reply(c, 'invalid_value') end
    local revoked, told = K.REVOKED(c.tag), K.REVOCATIONS(c.tag)
    local before = num_of(read('ZSCORE', revoked, jti))
    read('XLEN', told)
    call('ZREMRANGEBYSCORE', revoked, '-inf', '(' .. str_of(c.now))
    if till <= c.now or before and before >= till then return reply(c, 'ok', nil, {'replayed', '1'}) end
    call('ZADD', revoked, str_of(till), jti)
    call('XADD', told, 'MAXLEN', '~', FOLLOWED_MAX, '*', 'jti', jti, 'till_ms', str_of(till))
    return reply(c, 'ok', nil, {'replayed', '0'})
end)

end
