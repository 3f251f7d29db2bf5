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

-- rider. His scheduled rides, in the order they were asked for: the extra `rides`, each as flat
-- fields and values.
declare('rider_scheduled', {'no-writes'}, function(c, a)
    local rides = {}
    local list = read('HGET', K.RIDER_STATE(c.tag, a[1]), 'scheduled') or ''
    for id in gmatch(list, '%S+') do
        local r = ride_read(c, id)
        if r then rides[#rides + 1] = r.flat end
    end
    return reply(c, 'ok', nil, {'rides', rides})
end)

declare('snapshot_driver', {'no-writes'}, function(c, a)
    local d = driver_load(c, a[1])
    if not d.known then return driver_reply(c, 'not_found', d) end
    local extras, r = {}, driver_ride(c, d)
    if r and text(d, 'offer') ~= '' and text(d, 'ride') ~= '' then
        local offered = ride_read(c, (gsub(text(d, 'offer'), '%.%d+$', '')))
        if offered then extras = {'offer_ride', offered.flat} end
    end
    return driver_reply(c, 'ok', d, extras, r)
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
            return {err = error_words(result)}
        end,
    }
end
