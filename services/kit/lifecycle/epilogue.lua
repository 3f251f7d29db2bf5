-- Readers, and the registration of everything declared.

declare('ride_get', {'no-writes'}, function(c, a)
    local r = ride_read(c, a[1])
    if not r then return reply(c, 'not_found') end
    return ride_reply(c, 'ok', r)
end)

declare('snapshot_rider', {'no-writes'}, function(c, a)
    local id = read('HGET', K.RIDER_STATE(c.tag, a[1]), 'ride')
    local r = id and ride_read(c, id) or nil
    return ride_reply(c, 'ok', r)
end)

declare('snapshot_driver', {'no-writes'}, function(c, a)
    local d = driver_load(c, a[1])
    if not d.known then return driver_reply(c, 'not_found', d) end
    return driver_reply(c, 'ok', d, nil, driver_ride(c, d))
end)

declare('versions', {'no-writes'}, function(c, a)
    local versions = {}
    for i, id in ipairs(a) do
        versions[i] = read('HGET', K.RIDE(c.tag, id), 'version') or '0'
    end
    return reply(c, 'ok', nil, {'versions', versions})
end)

-- So that a loader can tell a newer library from an older one.
declare('revision', {'no-writes'}, function(c)
    return reply(c, 'ok')
end)

for i = 1, #functions do
    local f = functions[i]
    local body = f[3]
    redis.register_function{
        function_name = f[1] .. '_v1',
        flags = f[2],
        callback = function(keys, args)
            if not call then setup() end
            local done, result = pcall(function() return body(open(keys), args) end)
            if done then return result end
            local words = type(result) == 'table' and result.err or str_of(result)
            return {err = match(words, '^%u+ ') and words or 'ERR ' .. words}
        end,
    }
end
