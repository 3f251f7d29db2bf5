-- Records: a ride or a driver, read whole, changed in memory, written once.

local function put(record, field, value)
    value = str_of(value)
    record.fields[field] = value
    local set = record.set
    set[#set + 1] = field
    set[#set + 1] = value
end

local function num(record, field)
    return num_of(record.fields[field]) or 0
end

local function text(record, field)
    return record.fields[field] or ''
end

local function record_of(key, id, flat)
    local fields = {}
    for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
    return {key = key, id = id, fields = fields, set = {}, flat = flat}
end

-- Rides -------------------------------------------------------------------------------------

-- The ride, or nil. Time does not run backwards for it, but for a clock that was stepped back: a
-- last change that lies far ahead is left there.
local function ride_read(c, id)
    local key = K.RIDE(c.tag, id)
    local flat = read('HGETALL', key)
    if #flat == 0 then return nil end
    local r = record_of(key, id, flat)
    local f = r.fields
    if not (num_of(f.version) and num_of(f.attempt) and num_of(f.updated_ms)) then
        broken('the ride is not whole (key ' .. key .. ')')
    end
    local ahead = num_of(f.updated_ms) - c.now
    if ahead > 0 and ahead <= L.GAP_MS then c.now = c.now + ahead end
    return r
end

-- The same, when it may be written: checks the keys that every transition writes.
local function ride_load(c, id)
    local r = ride_read(c, id)
    if not r then return nil end
    r.stream = K.RIDE_EVENTS(c.tag, id)
    read('XLEN', c.events)
    read('XLEN', r.stream)
    read('ZCARD', c.timers)
    return r
end

-- All fields and values of a record: what was read, with what was put since.
local function flat_of(record)
    local flat, set, changed = record.flat, record.set, {}
    if #set == 0 then return flat end
    for i = 1, #set, 2 do changed[set[i]] = set[i + 1] end
    for i = 1, #flat, 2 do
        local value = changed[flat[i]]
        if value then
            flat[i + 1] = value
            changed[flat[i]] = nil
        end
    end
    for field, value in pairs(changed) do
        flat[#flat + 1] = field
        flat[#flat + 1] = value
    end
    record.set = {}
    return flat
end

local function ride_reply(c, code, r, extras)
    return reply(c, code, r and flat_of(r), extras)
end

local TIMELINE_MAX = 8000
local function timeline_add(c, r)
    if #text(r, 'timeline') >= TIMELINE_MAX then return end
    put(r, 'timeline', gsub(text(r, 'timeline') .. ' ' .. r.fields.status .. '@' .. c.now, '^ ', ''))
end

-- Sets the ride's state in memory. The caller has looked the move up in RIDE.
local function ride_move(c, r, to)
    local f = r.fields
    r.from = f.status
    put(r, 'status', to)
    put(r, 'version', num(r, 'version') + 1)
    put(r, 'updated_ms', c.now)
    if to ~= r.from then timeline_add(c, r) end
end

local function hint(c, r, kind, event, more)
    return '{"kind":"' .. kind .. '","event":"' .. event .. '","ride_id":"' .. r.id ..
        '","version":' .. r.fields.version .. ',"status":"' .. r.fields.status ..
        '","generation":' .. c.generation .. ',"at_ms":' .. c.now .. (more or '') .. '}'
end

local function tell_driver(c, r, driver, kind, event, more)
    call('SPUBLISH', K.UI_DRIVER(c.tag, driver), hint(c, r, kind, event, more))
end

-- Writes the ride, its event to the outbox and to its own stream, and the rider's hint. `driver`
-- and `lease` are whom the event is about. The start code is in neither.
local function ride_commit(c, r, event, driver, lease, more)
    local f = r.fields
    local entry = {'ride_id', r.id, 'type', event, 'from', r.from, 'to', f.status,
        'version', f.version, 'attempt', f.attempt, 'driver_id', driver or '',
        'rider_id', f.rider_id, 'at_ms', str_of(c.now), 'lease', lease or '',
        'product', text(r, 'product'), 'lat', text(r, 'pickup_lat'), 'lon', text(r, 'pickup_lon'),
        'reason', text(r, 'reason')}
    for _, text in ipairs(more or {}) do entry[#entry + 1] = text end
    call('HSET', r.key, unpack(r.set))
    call('XADD', c.events, '*', unpack(entry))
    call('XADD', r.stream, '*', unpack(entry))
    call('SPUBLISH', K.UI_RIDER(c.tag, f.rider_id), hint(c, r, 'ride.updated', event))
end

local function arm(c, kind, id, due)
    call('ZADD', c.timers, str_of(due), kind .. ':' .. id)
end

local function disarm(c, r, ...)
    local members = {}
    for i, kind in ipairs({...}) do members[i] = kind .. ':' .. r.id end
    call('ZREM', c.timers, unpack(members))
end

-- What the end of a ride will write beside the ride itself.
local function end_check(c, r)
    r.live_key = K.RIDER_STATE(c.tag, r.fields.rider_id)
    r.live = read('HGET', r.live_key, 'ride')
end

-- The ride is over: no timer, no claim on the rider, and a day to be looked at.
local function end_write(c, r)
    disarm(c, r, 'deadline', 'offer', 'retry', 'pickup', 'trip', 'scheduled')
    if r.live == r.id then call('HDEL', r.live_key, 'ride') end
    call('PEXPIRE', r.key, L.KEEP_MS)
    call('PEXPIRE', r.stream, L.KEEP_MS)
    call('PEXPIRE', K.MATCH_TRACE(c.tag, r.id), L.KEEP_MS)
    call('PEXPIRE', K.TRAIL(c.tag, r.id), L.KEEP_MS)
end

-- Drivers -----------------------------------------------------------------------------------

-- The driver; one never seen is offline. `known` tells the two apart.
local function driver_load(c, id)
    local key = K.DRIVER_STATE(c.tag, id)
    local flat = read('HGETALL', key)
    local d = record_of(key, id, flat)
    d.known = #flat > 0
    local f = d.fields
    f.state = f.state or 'offline'
    if not DRIVER.online[f.state] and f.state ~= 'blocked' then
        broken('the driver has no such state (key ' .. key .. ')')
    end
    return d
end

-- Reads what the indexes know of the driver, and checks each of them. A process that moves
-- drivers in and out of the indexes calls this before its first write.
local function driver_place(c, d)
    d.idle = {}
    for product in gmatch(text(d, 'products'), '[^,]+') do
        local key = K.DRIVERS_IDLE(c.tag, product)
        read('ZCARD', key)
        d.idle[#d.idle + 1] = key
    end
    d.seen_key = K.DRIVERS_SEEN(c.tag)
    d.active_key = K.DRIVERS_ACTIVE(c.tag)
    d.seen = num_of(read('ZSCORE', d.seen_key, d.id))
    d.position = read('GEOPOS', d.active_key, d.id)[1]
end

-- The newest fix that is too old by `age`. While an outage is unaccounted for, its length counts.
local function cut(c, age)
    return c.now - age - c.late
end

local function is_fresh(c, d)
    return d.seen ~= nil and d.seen > cut(c, L.DARK_MS)
end

-- Into the indexes of his products, if he may be offered rides now.
local function idle_in(c, d)
    if d.fields.state ~= 'idle' or not d.position or not is_fresh(c, d) then return end
    for _, key in ipairs(d.idle) do
        call('GEOADD', key, d.position[1], d.position[2], d.id)
    end
end

local function idle_out(d)
    for _, key in ipairs(d.idle) do call('ZREM', key, d.id) end
end

local function driver_commit(c, d)
    put(d, 'changed_ms', c.now)
    call('HSET', d.key, unpack(d.set))
end

-- Sets the driver's state in memory to where the event leads; the caller has checked it does. A
-- block that waited for the end of a ride takes effect with `free`.
local function driver_move(d, event)
    local to = DRIVER[event][d.fields.state]
    if event == 'free' and text(d, 'block_pending') == '1' then
        to = 'blocked'
        put(d, 'block_pending', '')
    end
    put(d, 'state', to)
    return to
end

local function driver_clear(d)
    put(d, 'offer', '')
    put(d, 'ride', '')
    put(d, 'lease', '')
end

-- A blocked or offline driver stands in no index and has no darkness to wait for.
local function driver_gone(c, d)
    idle_out(d)
    call('ZREM', d.active_key, d.id)
    call('ZREM', d.seen_key, d.id)
    call('ZREM', c.timers, 'dark:' .. d.id)
end

-- Driver and ride together ------------------------------------------------------------------

-- The driver who holds the ride's open offer or its lease, placed; nil when there is none, or
-- when his own record says otherwise.
local function holder(c, r)
    local f = r.fields
    local id = text(r, 'driver_id')
    if f.status == 'offered' then id = text(r, 'offer_driver') end
    if id == '' or RIDE.settle[f.status] then return nil end
    local d = driver_load(c, id)
    driver_place(c, d)
    if f.status == 'offered' then
        if d.fields.state ~= 'offered' or text(d, 'offer') ~= f.offer then return nil end
        d.frees_by = 'offer_end'
    else
        if text(d, 'ride') ~= r.id then return nil end
        d.frees_by = 'free'
    end
    return d
end

-- The ride no longer needs this driver: idle, or what else his state leads to.
local function holder_free(c, d)
    driver_move(d, d.frees_by)
    driver_clear(d)
    driver_commit(c, d)
    if d.fields.state == 'blocked' then
        driver_gone(c, d)
    else
        idle_in(c, d)
    end
end

local EXCLUDED_MAX = 4000
local function exclude(r, driver)
    local list = text(r, 'excluded')
    if list == '' then list = ' ' end
    if not find(list, ' ' .. driver .. ' ', 1, true) then list = list .. driver .. ' ' end
    while #list > EXCLUDED_MAX do list = gsub(list, '^ [^ ]*', '', 1) end
    put(r, 'excluded', list)
end

local function is_excluded(r, driver)
    return find(text(r, 'excluded'), ' ' .. driver .. ' ', 1, true) ~= nil
end

-- Whether the driver was on his way to this ride until a swap gave him another.
local function was_swapped(r, driver)
    return find(text(r, 'swapped'), ' ' .. driver .. ' ', 1, true) ~= nil
end

-- Closes the open offer in memory; how it ended decides what a late answer is told.
local function offer_close(r, how)
    put(r, 'last_offer', text(r, 'offer'))
    put(r, 'last_offer_driver', text(r, 'offer_driver'))
    put(r, 'last_offer_end', how)
    put(r, 'offer', '')
    put(r, 'offer_driver', '')
    put(r, 'offer_expires_ms', '')
end

local function enqueue(c, r)
    call('XADD', K.RIDES_INCOMING(c.tag), '*', 'ride_id', r.id, 'attempt', r.fields.attempt,
        'traceparent', text(r, 'traceparent'))
end

-- Sends the ride back to be matched without driver d, whose offer or lease ends. `free` is what
-- becomes of d. The caller has checked the move and rides:incoming.
local function requeue(c, r, d_id, event, free)
    local offered = r.fields.status == 'offered'
    local lease = offered and text(r, 'offer') or text(r, 'lease')
    ride_move(c, r, 'requested')
    put(r, 'attempt', num(r, 'attempt') + 1)
    put(r, 'defers', '0')
    put(r, 'pickup_eta_s', text(r, 'quote_eta_s'))
    exclude(r, d_id)
    if offered then
        offer_close(r, event)
    else
        put(r, 'releases', num(r, 'releases') + 1)
        put(r, 'last_lease', lease)
        put(r, 'last_lease_driver', d_id)
        put(r, 'driver_id', '')
        put(r, 'driver_card', '')
        put(r, 'lease', '')
        put(r, 'assigned_ms', '')
        put(r, 'arrived_ms', '')
        put(r, 'start_tries', '')
        put(r, 'deadline_ms', c.now + L.MATCH_MS)
    end
    ride_commit(c, r, event, d_id, lease)
    disarm(c, r, 'offer', 'pickup')
    arm(c, 'deadline', r.id, r.fields.deadline_ms)
    enqueue(c, r)
    free()
    if offered then
        tell_driver(c, r, d_id, 'offer.revoked', event, ',"offer_id":"' .. lease .. '"')
    else
        tell_driver(c, r, d_id, 'ride.updated', event, ',"released":true')
    end
end
