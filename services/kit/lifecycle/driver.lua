-- Drivers: online, offline, break, block, seen, dark.

local function driver_reply(c, code, d, extras, r)
    extras = extras or {}
    for _, name in ipairs({'state', 'products', 'offer', 'ride', 'lease', 'next_ride', 'next_lease',
            'block_pending', 'dark_ms', 'cooldown_until_ms', 'ignored'}) do
        extras[#extras + 1] = name
        extras[#extras + 1] = text(d, name)
    end
    return ride_reply(c, code, r, extras)
end

-- The ride the driver is on or is offered, or nil.
local function driver_ride(c, d)
    local id = text(d, 'ride')
    if id == '' then id = gsub(text(d, 'offer'), '%.%d+$', '') end
    if id == '' then return nil end
    return ride_read(c, id)
end

local function driver_open(c, id)
    if not is_id(c, id) then return nil end
    read('ZCARD', c.timers)
    local d = driver_load(c, id)
    driver_place(c, d)
    return d
end

-- Puts a fix into the indexes that the driver's state allows.
local function driver_fix(c, d, at)
    call('GEOADD', d.active_key, at.lon_text, at.lat_text, d.id)
    call('ZADD', d.seen_key, str_of(c.now), d.id)
    call('ZREM', c.timers, 'dark:' .. d.id)
    d.seen = c.now
    d.position = {at.lon_text, at.lat_text}
    idle_in(c, d)
end

local function fix_of(lat, lon)
    local at = point(lat, lon)
    if at then at.lat_text, at.lon_text = lat, lon end
    return at
end

local PRODUCTS_MAX = 8
local function products_valid(list)
    local n = 0
    for word in gmatch(list .. ',', '([^,]*),') do
        n = n + 1
        if #word > 32 or not match(word, '^[a-z0-9_]+$') then return false end
    end
    return n <= PRODUCTS_MAX
end

-- driver, lat, lon, products, card.
declare('driver_online', {}, function(c, a)
    local at = fix_of(a[2], a[3])
    local d = driver_open(c, a[1])
    if not d or not at or not products_valid(a[4]) then return reply(c, 'invalid_value') end
    local r = driver_ride(c, d)
    if not DRIVER.online[d.fields.state] then return driver_reply(c, 'driver_blocked', d) end
    local before = {d.idle, d.soon}
    local was = d.fields.state
    driver_move(d, 'online')
    put(d, 'products', a[4])
    put(d, 'card', a[5])
    put(d, 'dark_ms', '')
    if was ~= d.fields.state then put(d, 'online_ms', c.now) end
    driver_place(c, d)

    driver_commit(c, d)
    for _, index in ipairs(before) do
        for _, key in ipairs(index) do call('ZREM', key, d.id) end
    end
    driver_fix(c, d, at)
    if was ~= d.fields.state then driver_tell(c, d) end
    return driver_reply(c, 'ok', d, nil, r)
end)

-- The ride whose open offer he holds, writable; nil when the ride says otherwise.
local function offer_load(c, d)
    if text(d, 'offer') == '' then return nil end
    local r = ride_load(c, (gsub(text(d, 'offer'), '%.%d+$', '')))
    read('XLEN', K.RIDES_INCOMING(c.tag))
    if not r or r.fields.status ~= 'offered' or text(r, 'offer') ~= text(d, 'offer') then
        return nil
    end
    return r
end

-- Leaves the road by this event, answering an open offer with no. d was opened.
local function driver_leave(c, d, event)
    local to = DRIVER[event][d.fields.state]
    if not to then
        local busy = d.fields.state == 'assigned' or d.fields.state == 'on_trip'
        local blocked = d.fields.state == 'blocked'
        return driver_reply(c, busy and 'driver_on_ride' or blocked and 'driver_blocked' or
            'driver_not_online', d, nil, driver_ride(c, d))
    end
    local r = offer_load(c, d)
    local function free()
        local was = d.fields.state
        put(d, 'state', to)
        put(d, 'offer', '')
        ride_clear(d)
        if event == 'offline' then put(d, 'dark_ms', '') end
        driver_commit(c, d)
        idle_out(d)
        if to == 'offline' or to == 'blocked' then driver_gone(c, d) end
        if was ~= to then driver_tell(c, d) end
    end
    if r then offer_lose(c, r, d.id, 'decline', free) else free() end
    return driver_reply(c, 'ok', d)
end

declare('driver_offline', {}, function(c, a)
    local d = driver_open(c, a[1])
    if not d then return reply(c, 'invalid_value') end
    return driver_leave(c, d, 'offline')
end)

declare('driver_break', {}, function(c, a)
    local d = driver_open(c, a[1])
    if not d then return reply(c, 'invalid_value') end
    return driver_leave(c, d, 'break')
end)

-- What a blocked driver was to do after his trip goes to somebody else at once.
local function block_next(c, d)
    local offer = offer_load(c, d)
    local n = text(d, 'next_ride') ~= '' and next_load(c, d) or nil
    read('XLEN', K.RIDES_INCOMING(c.tag))
    local function free()
        put(d, 'offer', '')
        put(d, 'next_ride', '')
        put(d, 'next_lease', '')
        driver_commit(c, d)
        soon_out(d)
    end
    if offer then
        offer_lose(c, offer, d.id, 'decline', free)
    elseif n then
        requeue(c, n, 'driver_cancel', free)
    else
        free()
    end
end

-- driver, reason. On a ride the block takes effect after it.
declare('driver_block', {}, function(c, a)
    local d = driver_open(c, a[1])
    if not d then return reply(c, 'invalid_value') end
    put(d, 'block_reason', a[2])
    if DRIVER.block[d.fields.state] ~= d.fields.state or d.fields.state == 'blocked' then
        return driver_leave(c, d, 'block')
    end
    local r = driver_ride(c, d)
    put(d, 'block_pending', '1')
    block_next(c, d)
    return driver_reply(c, 'ok', d, nil, r)
end)

declare('driver_unblock', {}, function(c, a)
    local d = driver_open(c, a[1])
    if not d then return reply(c, 'invalid_value') end
    local r = driver_ride(c, d)
    local was = d.fields.state
    driver_move(d, 'unblock')
    put(d, 'block_pending', '')
    put(d, 'block_reason', '')
    driver_commit(c, d)
    if was ~= d.fields.state then driver_tell(c, d) end
    return driver_reply(c, 'ok', d, nil, r)
end)

-- driver, lat, lon. The ping path only moves members of the indexes; this puts them back.
declare('driver_seen', {}, function(c, a)
    local at = fix_of(a[2], a[3])
    local d = driver_open(c, a[1])
    if not d or not at then return reply(c, 'invalid_value') end
    if d.fields.state == 'offline' or d.fields.state == 'blocked' then
        return driver_reply(c, 'ok', d)
    end
    if text(d, 'dark_ms') ~= '' then
        put(d, 'dark_ms', '')
        driver_commit(c, d)
    end
    driver_fix(c, d, at)
    return driver_reply(c, 'ok', d)
end)

-- How many drivers went dark in the last half minute.
local DARK_WINDOW_MS = 30000
local function darkened_lately(c)
    local window = read('HMGET', K.CLOCK(c.tag), 'dark_from_ms', 'dark_n')
    local age = c.now - (num_of(window[1]) or -DARK_WINDOW_MS)
    if age < 0 or age >= DARK_WINDOW_MS then return 0 end
    return num_of(window[2]) or 0
end

local function count_dark(c)
    local n = darkened_lately(c)
    local clock = K.CLOCK(c.tag)
    if n == 0 then call('HSET', clock, 'dark_from_ms', str_of(c.now)) end
    call('HSET', clock, 'dark_n', str_of(n + 1))
end

-- limit. A sweep that would darken much of the region at once holds back: more likely it is we
-- who do not hear. Phones report at different moments, so those who fell silent together come due
-- over seconds: the ones darkened lately count with them. Those who have been silent for minutes
-- are not held for long.
declare('stale_due', {'no-writes'}, function(c, a)
    local key = K.DRIVERS_SEEN(c.tag)
    local till = cut(c, L.DARK_MS)
    local total = read('ZCARD', key)
    local due = read('ZCOUNT', key, '-inf', str_of(till))
    local lately = darkened_lately(c)
    local held = due > 0 and due + lately > L.HOLD_MIN and
        (due + lately) * 100 > (total + lately) * L.HOLD_PERCENT
    if held then till = cut(c, L.HOLD_MS) end
    local drivers = {}
    if c.late == 0 and due > 0 then
        drivers = call('ZRANGEBYSCORE', key, '-inf', str_of(till), 'LIMIT', '0', a[1])
    end
    return reply(c, 'ok', nil, {'due', str_of(due), 'held', held and '1' or '0',
        'drivers', drivers})
end)

-- driver. He has sent no fix for a while: out of the idle index, his offer to somebody else. He
-- keeps a ride: silence on a trip never frees him.
declare('driver_dark', {}, function(c, a)
    local d = driver_open(c, a[1])
    if not d then return reply(c, 'invalid_value') end
    if c.late ~= 0 then return driver_reply(c, 'heartbeat_due', d) end
    if not d.seen or is_fresh(c, d) then return driver_reply(c, 'not_due', d) end
    if d.fields.state == 'offline' or d.fields.state == 'blocked' then
        driver_gone(c, d)
        return driver_reply(c, 'ok', d)
    end
    local r = offer_load(c, d)
    local function free()
        if d.fields.state == 'offered' or text(d, 'offer') ~= '' then
            driver_move(d, 'offer_end')
            put(d, 'offer', '')
        end
        put(d, 'dark_ms', floor(d.seen))
        driver_commit(c, d)
        count_dark(c)
        idle_out(d)
        call('ZREM', d.seen_key, d.id)
        arm(c, 'dark', d.id, floor(d.seen) + L.INACTIVE_MS)
    end
    if r then offer_lose(c, r, d.id, 'driver_dark', free) else free() end
    return driver_reply(c, 'ok', d)
end)
