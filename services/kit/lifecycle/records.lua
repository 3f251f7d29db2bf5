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
    check(c, 'XLEN', c.events)
    read('XLEN', r.stream)
    check(c, 'ZCARD', c.timers)
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
-- and `lease` are whom the event is about: several drivers, between spaces, when an offer was
-- theirs together. The start code is in neither.
local function ride_commit(c, r, event, driver, lease, more)
    local f = r.fields
    local entry = {'ride_id', r.id, 'type', event, 'from', r.from, 'to', f.status,
        'version', f.version, 'attempt', f.attempt, 'driver_id', driver or '',
        'rider_id', f.rider_id, 'at_ms', str_of(c.now), 'lease', lease or '',
        'product', text(r, 'product'), 'lat', text(r, 'pickup_lat'), 'lon', text(r, 'pickup_lon'),
        'reason', r.why or text(r, 'reason'), 'fee_minor', text(r, 'fee_minor'),
        'queued', text(r, 'queued')}
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
    r.scheduled = read('HGET', r.live_key, 'scheduled')
end

-- Off the rider's list of scheduled rides, which stand between spaces.
local function unschedule(r)
    if not r.scheduled or not find(r.scheduled, ' ' .. r.id .. ' ', 1, true) then return end
    local left = gsub(r.scheduled, '%S+ ', function(id) return id == r.id .. ' ' and '' or nil end)
    if left == ' ' then
        call('HDEL', r.live_key, 'scheduled')
    else
        call('HSET', r.live_key, 'scheduled', left)
    end
end

local ENDED = {completed = true, cancelled = true, unfulfilled = true, failed = true}

-- The ride is over: no timer, no claim on the rider. It stays until the projector has made history
-- of it, which gives it a day to be looked at; a week if nobody does.
local function end_write(c, r)
    disarm(c, r, 'deadline', 'offer', 'retry', 'pickup', 'start', 'trip', 'scheduled', 'soon')
    if r.live == r.id then call('HDEL', r.live_key, 'ride') end
    unschedule(r)
    call('PEXPIRE', r.key, L.EVENTS_MS)
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

-- The indexes of his products, each checked, and when he was last heard of: enough to take him
-- out of them.
local function driver_indexes(c, d)
    d.idle, d.soon = {}, {}
    for product in gmatch(text(d, 'products'), '[^,]+') do
        local key = K.DRIVERS_IDLE(c.tag, product)
        check(c, 'ZCARD', key)
        d.idle[#d.idle + 1] = key
        if d.fields.state == 'on_trip' then
            key = K.DRIVERS_SOON(c.tag, product)
            check(c, 'ZCARD', key)
            d.soon[#d.soon + 1] = key
        end
    end
    d.seen_key = K.DRIVERS_SEEN(c.tag)
    d.seen = num_of(read('ZSCORE', d.seen_key, d.id))
end

-- The same with where he is. A process that moves drivers in and out of the indexes calls this
-- before its first write.
local function driver_place(c, d)
    driver_indexes(c, d)
    d.active_key = K.DRIVERS_ACTIVE(c.tag)
    d.position = read('GEOPOS', d.active_key, d.id)[1]
end

-- The newest fix that is too old by `age`. While an outage is unaccounted for, its length counts; not so
-- that of a step back, for whoever is heard since stands at the new time already.
local function cut(c, age)
    return c.now - age - max(c.late, 0)
end

local function is_fresh(c, d)
    return d.seen ~= nil and d.seen > cut(c, L.DARK_MS)
end

-- Whether he sits out because he let offers pass unanswered.
local function is_cooling(c, d)
    return num(d, 'cooldown_until_ms') > c.now
end

-- Into the indexes of his products, if he may be offered rides now: idle ones where he is, those
-- who are about to finish a trip where it ends.
local function idle_in(c, d)
    if not is_fresh(c, d) or is_cooling(c, d) then return end
    local state = d.fields.state
    if state == 'idle' and d.position then
        for _, key in ipairs(d.idle) do
            call('GEOADD', key, d.position[1], d.position[2], d.id)
        end
    elseif state == 'on_trip' and text(d, 'soon_ms') ~= '' and text(d, 'offer') == '' and
        text(d, 'next_ride') == '' and text(d, 'block_pending') ~= '1' then
        for _, key in ipairs(d.soon) do
            call('GEOADD', key, text(d, 'soon_lon'), text(d, 'soon_lat'), d.id)
        end
    end
end

local function soon_out(d)
    for _, key in ipairs(d.soon) do call('ZREM', key, d.id) end
end

local function idle_out(d)
    for _, key in ipairs(d.idle) do call('ZREM', key, d.id) end
    soon_out(d)
end

local function driver_commit(c, d)
    put(d, 'changed_ms', c.now)
    call('HSET', d.key, unpack(d.set))
end

local function driver_tell(c, d)
    call('SPUBLISH', K.UI_DRIVER(c.tag, d.id), '{"kind":"driver.updated","state":"' ..
        d.fields.state .. '","generation":' .. c.generation .. ',"at_ms":' .. c.now .. '}')
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

-- A blocked or offline driver stands in no index and has no darkness to wait for.
local function driver_gone(c, d)
    idle_out(d)
    call('ZREM', d.active_key, d.id)
    call('ZREM', d.seen_key, d.id)
    call('ZREM', c.timers, 'dark:' .. d.id)
end

-- Driver and ride together ------------------------------------------------------------------

-- What a driver holds of a ride: its open offer, its lease, or the lease of the ride that comes
-- after the one he is on. nil when his own record says otherwise.
local function holding(d, r)
    if r.fields.status == 'offered' then
        local his = text(d, 'offer') == text(r, 'offer') and DRIVER.offer_end[d.fields.state]
        return his and 'offer' or nil
    end
    if text(d, 'ride') == r.id then return 'ride' end
    if text(d, 'next_ride') == r.id then return 'next' end
    return nil
end

-- The ride that a driver goes on to when the one he is on ends; it becomes writable with it.
local function next_load(c, d)
    local n = ride_load(c, text(d, 'next_ride'))
    if not n or not RIDE.driver_free[n.fields.status] then return nil end
    if text(n, 'lease') ~= text(d, 'next_lease') or text(n, 'driver_id') ~= d.id then return nil end
    return n
end

-- The drivers who hold the ride's open offer or its lease, ready to be freed.
local function holders(c, r)
    local list = {}
    if RIDE.settle[r.fields.status] then return list end
    local offered = r.fields.status == 'offered'
    for id in gmatch(text(r, offered and 'offer_driver' or 'driver_id'), '%S+') do
        local d = driver_load(c, id)
        d.holds = holding(d, r)
        if d.holds then
            driver_place(c, d)
            if d.holds == 'ride' and text(d, 'next_ride') ~= '' then d.next = next_load(c, d) end
            list[#list + 1] = d
        end
    end
    return list
end

local function ride_clear(d)
    put(d, 'ride', '')
    put(d, 'lease', '')
    put(d, 'soon_ms', '')
    put(d, 'free_at_ms', '')
end

-- The watch over the way to the pickup begins anew.
local function watch_clear(r)
    for _, field in ipairs({'watch_best_m', 'watch_still_s', 'watch_ms', 'warned'}) do
        if text(r, field) ~= '' then put(r, field, '') end
    end
end

-- His ride is over and the next one waits: it is now the ride he is on.
local function go_on(c, d)
    local n = d.next
    driver_move(d, 'free_to_next')
    put(d, 'ride', n.id)
    put(d, 'lease', text(d, 'next_lease'))
    put(d, 'next_ride', '')
    put(d, 'next_lease', '')
    driver_commit(c, d)
    ride_move(c, n, RIDE.driver_free[n.fields.status])
    put(n, 'queued', '')
    watch_clear(n)
    ride_commit(c, n, 'driver_free', d.id, text(n, 'lease'))
    arm(c, 'pickup', n.id, c.now + L.PICKUP_WATCH_MS)
    tell_driver(c, n, d.id, 'ride.updated', 'driver_free')
end

-- The ride no longer needs this driver. He goes on to his next ride, or to the offer he was given
-- for it, or is idle, or what else his state leads to.
local function holder_free(c, d)
    if d.holds == 'offer' then
        driver_move(d, 'offer_end')
        put(d, 'offer', '')
    elseif d.holds == 'next' then
        put(d, 'next_ride', '')
        put(d, 'next_lease', '')
    else
        soon_out(d)
        ride_clear(d)
        if d.next then
            go_on(c, d)
            return
        end
        put(d, 'next_ride', '')
        put(d, 'next_lease', '')
        driver_move(d, text(d, 'offer') ~= '' and 'free_to_offer' or 'free')
    end
    driver_commit(c, d)
    if d.fields.state == 'blocked' then
        driver_gone(c, d)
    else
        idle_in(c, d)
    end
    if d.tell then driver_tell(c, d) end
end

local function free_all(c, list)
    for _, d in ipairs(list) do holder_free(c, d) end
end

-- An offer that a driver lets pass unanswered costs him a while without offers, twice as long each
-- time in a row. In memory but for the timer; holder_free writes the rest.
local function offer_ignored(c, d)
    if d.fields.state ~= 'offered' then return end -- who drives may miss one
    local ignored = min(num(d, 'ignored') + 1, 30)
    local wait = min(L.COOLDOWN_MAX_MS, L.COOLDOWN_MIN_MS * 2 ^ (ignored - 1))
    put(d, 'ignored', ignored)
    put(d, 'cooldown_until_ms', c.now + wait)
    arm(c, 'cooldown', d.id, c.now + wait)
    d.tell = true
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

-- How offers and leases of the ride ended, newest last: " 1:la-d1:decline 2:la-d2:accept ". It
-- decides what a repeat or a late answer is told.
local ENDS_MAX = 2000
local function lease_end(r, lease, driver, how)
    local list = text(r, 'lease_ends')
    if list == '' then list = ' ' end
    list = list .. match(lease, '(%d+)$') .. ':' .. driver .. ':' .. how .. ' '
    while #list > ENDS_MAX do list = gsub(list, '^ [^ ]*', '', 1) end
    put(r, 'lease_ends', list)
end

-- How it ended for this driver, or nil when it never was his or is too long ago.
local function lease_ended(r, lease, driver)
    local ride, n = match(lease, '^(.+)%.(%d+)$')
    if ride ~= r.id then return nil end
    local how = nil
    for driver_of, end_of in gmatch(text(r, 'lease_ends'), ' ' .. n .. ':([^ :]+):([%l_]+)%f[ ]') do
        if driver_of == driver then how = end_of end
    end
    return how
end

-- Closes the open offer in memory: how it ended for all to whom it still stood open.
local function offer_close(r, how)
    for id in gmatch(text(r, 'offer_driver'), '%S+') do lease_end(r, text(r, 'offer'), id, how) end
    put(r, 'offer', '')
    put(r, 'offer_driver', '')
    put(r, 'offer_expires_ms', '')
end

-- The entry says all that a matcher must know of the ride: one attempt of it never changes. The
-- ride keeps the entry's id, so that a lost entry can be told from one that waits.
local function enqueue(c, r)
    local entry = {'ride_id', r.id}
    for _, field in ipairs({'attempt', 'traceparent', 'product', 'pickup_lat', 'pickup_lon',
        'created_ms', 'constraints', 'excluded'}) do
        local value = r.fields[field]
        if value and value ~= '' then
            entry[#entry + 1] = field
            entry[#entry + 1] = value
        end
    end
    local id = call('XADD', K.RIDES_INCOMING(c.tag), '*', unpack(entry))
    put(r, 'work', id)
    call('HSET', r.key, 'work', id)
end

local function tell_revoked(c, r, driver, event, offer)
    tell_driver(c, r, driver, 'offer.revoked', event, ',"offer_id":"' .. offer .. '"')
end

-- Sends the ride back to be matched without those who hold its offer or lease. `free` is what
-- becomes of them. The caller has checked the move and rides:incoming.
local function requeue(c, r, event, free)
    local offered = r.fields.status == 'offered'
    local lease = text(r, offered and 'offer' or 'lease')
    local who = text(r, offered and 'offer_driver' or 'driver_id')
    ride_move(c, r, 'requested')
    put(r, 'attempt', num(r, 'attempt') + 1)
    put(r, 'defers', '0')
    put(r, 'pickup_eta_s', text(r, 'quote_eta_s'))
    for id in gmatch(who, '%S+') do exclude(r, id) end
    if offered then
        offer_close(r, event)
    else
        put(r, 'releases', num(r, 'releases') + 1)
        lease_end(r, lease, who, event)
        put(r, 'driver_id', '')
        put(r, 'driver_card', '')
        put(r, 'lease', '')
        put(r, 'queued', '')
        put(r, 'assigned_ms', '')
        put(r, 'arrived_ms', '')
        put(r, 'start_by_ms', '')
        put(r, 'start_tries', '')
        put(r, 'deadline_ms', c.now + L.MATCH_MS)
        watch_clear(r)
    end
    ride_commit(c, r, event, who, lease)
    disarm(c, r, 'offer', 'pickup', 'start')
    arm(c, 'deadline', r.id, r.fields.deadline_ms)
    enqueue(c, r)
    free()
    for id in gmatch(who, '%S+') do
        if offered then
            tell_revoked(c, r, id, event, lease)
        else
            tell_driver(c, r, id, 'ride.updated', event, ',"released":true')
        end
    end
end

-- This driver will not take the open offer. Others who have it keep it; after the last of them the
-- ride goes back to be matched. `free` is what becomes of him.
local function offer_lose(c, r, driver, event, free)
    local left = {}
    for id in gmatch(text(r, 'offer_driver'), '%S+') do
        if id ~= driver then left[#left + 1] = id end
    end
    if #left == 0 then
        requeue(c, r, event, free)
        return
    end
    local offer = text(r, 'offer')
    ride_move(c, r, RIDE.pass.offered)
    exclude(r, driver)
    lease_end(r, offer, driver, event)
    put(r, 'offer_driver', concat(left, ' '))
    ride_commit(c, r, 'pass', driver, offer)
    free()
    tell_revoked(c, r, driver, event, offer)
end
