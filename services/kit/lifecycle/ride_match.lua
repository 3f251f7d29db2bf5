-- From a request to an offer: create, offer, assign, defer, dead letters.

local function replay(c, stored, body_hash)
    local hash, id = match(stored, '^(%S*) (%S+)$')
    if not id then broken('an idempotency record is not whole') end
    if hash ~= body_hash then return reply(c, 'idempotency_key_reused') end
    local r = ride_read(c, id)
    if not r then return reply(c, 'not_found') end
    return ride_reply(c, 'ok', r, {'replayed', '1'})
end

-- rider, idempotency key or '', body hash, ride, start code, product, pickup_at_ms or '',
-- traceparent, then the fields that never change, flat, and among them `limit`: how often a rider may, as
-- 'per_min burst'.
declare('ride_create', {}, function(c, a)
    if #a < 8 or #a % 2 ~= 0 then broken('ride_create takes eight arguments and pairs') end
    local rider, key, hash, id, code, product, at, trace = unpack(a, 1, 8)
    if not is_id(c, id) or rider == '' then broken('ride_create needs a ride id and a rider') end
    local idem = nil
    if key ~= '' then
        idem = K.IDEM(c.tag, rider, key)
        local stored = read('GET', idem)
        if stored then return replay(c, stored, hash) end
    end

    local pickup_at = num_of(at)
    local scheduled = pickup_at ~= nil and pickup_at > c.now + L.LEAD_MS
    local live_key = K.RIDER_STATE(c.tag, rider)
    local live = read('HGET', live_key, 'ride')
    local list = read('HGET', live_key, 'scheduled') or ' '
    if live and not scheduled then
        local other = ride_read(c, live)
        if other then return ride_reply(c, 'active_ride_exists', other) end
    end
    if scheduled then
        if pickup_at > c.now + L.SCHEDULE_MS then return reply(c, 'invalid_value') end
        local _, n = gsub(list, '%S+', '')
        if n >= L.SCHEDULED_MAX then return reply(c, 'too_many_scheduled') end
    end
    local r = {id = id, key = K.RIDE(c.tag, id), stream = K.RIDE_EVENTS(c.tag, id), from = 'none',
               fields = {}, set = {}}
    if read('HLEN', r.key) ~= 0 then broken('the ride id was used (key ' .. r.key .. ')') end
    read('XLEN', r.stream)
    read('XLEN', c.events)
    read('XLEN', K.RIDES_INCOMING(c.tag))
    read('ZCARD', c.timers)

    local limit = ''
    for i = 9, #a, 2 do
        if a[i] == 'limit' then
            limit = a[i + 1]
        elseif a[i + 1] ~= '' then
            put(r, a[i], a[i + 1])
        end
    end
    local wait = abuse_check(c, 'create:' .. rider, limit)
    if wait > 0 then return reply(c, 'rate_limited', nil, {'wait_ms', str_of(floor(wait))}) end
    local status = scheduled and 'scheduled' or 'requested'
    local now = str_of(c.now)
    put(r, 'ride_id', id)
    put(r, 'rider_id', rider)
    put(r, 'product', product)
    put(r, 'status', status)
    put(r, 'created_status', status)
    put(r, 'version', '1')
    put(r, 'attempt', '1')
    put(r, 'created_ms', now)
    put(r, 'updated_ms', now)
    put(r, 'pickup_at_ms', at)
    put(r, 'start_code', code)
    put(r, 'traceparent', trace)
    put(r, 'timeline', status .. '@' .. now)
    if scheduled then
        put(r, 'deadline_ms', '')
    else
        put(r, 'deadline_ms', c.now + L.MATCH_MS)
    end

    ride_commit(c, r, 'create')
    if scheduled then
        arm(c, 'scheduled', id, pickup_at - L.LEAD_MS)
        call('HSET', live_key, 'scheduled', list .. id .. ' ')
    else
        call('HSET', live_key, 'ride', id)
        arm(c, 'deadline', id, r.fields.deadline_ms)
        enqueue(c, r)
    end
    if idem then call('SET', idem, hash .. ' ' .. id, 'PX', L.KEEP_MS) end
    return reply(c, 'ok', r.set, {'replayed', '0'})
end)

declare('ride_replay', {'no-writes'}, function(c, a)
    local stored = read('GET', K.IDEM(c.tag, a[1], a[2]))
    if not stored then return reply(c, 'not_found') end
    return replay(c, stored, a[3])
end)

-- The ride an entry asks to be matched; or nil and the reply, the entry being acknowledged
-- because its ride is past that attempt. A deadline that had not come at the last beat may still be
-- moved by the next one (an outage), so until then its entry is kept.
local function entry_take(c, id, attempt, entry)
    local incoming = K.RIDES_INCOMING(c.tag)
    entry_check(c, incoming, entry)
    local r = ride_load(c, id)
    if r and r.fields.status == 'requested' and r.fields.attempt == attempt and
        num(r, 'deadline_ms') > (c.beat and min(c.beat, c.now) or c.now) then
        return r
    end
    if entry ~= '' then call('XACK', incoming, GROUP, entry) end
    return nil, reply(c, 'stale_entry')
end

local function entry_done(c, entry)
    if entry ~= '' then call('XACK', K.RIDES_INCOMING(c.tag), GROUP, entry) end
end

-- Whether he has room for an offer of this ride: idle or, where the ride may wait for the end of
-- another, about to finish a trip with nothing after it.
local function has_room(r, d)
    local state = d.fields.state
    if text(d, 'offer') ~= '' or text(d, 'next_ride') ~= '' then return false end
    if state == 'on_trip' then
        return text(r, 'forward') == '1' and text(d, 'soon_ms') ~= '' and
            text(d, 'block_pending') ~= '1'
    end
    return state == 'idle' and text(d, 'ride') == ''
end

-- Whether his way was counted from elsewhere: `after` says that it begins where his trip ends, false that
-- it begins where he is, nil that the caller does not know.
local function has_moved(d, after)
    return after ~= nil and after ~= (d.fields.state == 'on_trip')
end

-- Why this driver cannot have this ride now, or nil.
local function unavailable(c, r, d, after)
    if not has_room(r, d) then return 'not_idle' end
    if has_moved(d, after) then return 'moved' end
    if not is_fresh(c, d) then return 'dark' end
    if is_cooling(c, d) then return 'cooldown' end
    if is_excluded(r, d.id) then return 'excluded' end
    if not find(',' .. text(d, 'products') .. ',', ',' .. text(r, 'product') .. ',', 1, true) then
        return 'product'
    end
    return nil
end

-- The driver, if the ride can be his; or nil and the reason. Those who wrongly stand in an index are
-- taken out of it.
local function candidate(c, r, id, after)
    local d = driver_load(c, id)
    driver_indexes(c, d)
    local reason = unavailable(c, r, d, after)
    if reason == nil then return d end
    if reason == 'not_idle' then
        for _, index in ipairs({K.DRIVERS_IDLE, K.DRIVERS_SOON}) do
            local key = index(c.tag, text(r, 'product'))
            check(c, 'ZCARD', key)
            call('ZREM', key, id)
        end
    end
    return nil, reason, d.fields.state
end

-- Those of the drivers who can have the ride, each with his eta_s; or nil and the reply. `after` says of
-- each where his way begins (has_moved); nil: the caller knows of nobody.
local function candidates(c, r, ids, etas, after)
    local able, seen, why, state = {}, {}, 'not_idle', 'offline'
    for i, id in ipairs(ids) do
        if seen[id] then broken('a driver is named twice') end
        seen[id] = true
        local d, reason, his = candidate(c, r, id, after and after[i])
        if d then
            d.eta_s = etas[i]
            able[#able + 1] = d
        else
            why, state = reason, his
        end
    end
    if #able > 0 then return able end
    return nil, reply(c, 'driver_unavailable', nil, {'reason', why, 'state', state})
end

-- Gives these drivers one offer of the ride together; d.eta_s is each one's way to the pickup.
local function offer_open(c, r, drivers, entry)
    local n = num(r, 'offers') + 1
    local offer = r.id .. '.' .. n
    local expires = c.now + L.OFFER_MS
    local ids, best = {}, nil
    for i, d in ipairs(drivers) do
        ids[i] = d.id
        local eta = num_of(d.eta_s)
        if eta and eta >= 0 and (not best or eta < best) then best = eta end
        driver_move(d, 'offer')
        put(d, 'offer', offer)
        put(d, 'offer_eta_s', d.eta_s)
    end
    local who = concat(ids, ' ')
    ride_move(c, r, RIDE.offer.requested)
    put(r, 'offers', n)
    put(r, 'offer', offer)
    put(r, 'offer_driver', who)
    put(r, 'offer_expires_ms', expires)
    put(r, 'pickup_eta_s', best or drivers[1].eta_s)
    local had_retry = text(r, 'retry_ms')
    if had_retry ~= '' then put(r, 'retry_ms', '') end

    ride_commit(c, r, 'offer', who, offer)
    for _, d in ipairs(drivers) do
        driver_commit(c, d)
        idle_out(d)
    end
    arm(c, 'offer', r.id, expires + L.OFFER_GRACE_MS)
    if had_retry ~= '' then disarm(c, r, 'retry') end
    entry_done(c, entry)
    for _, d in ipairs(drivers) do
        tell_driver(c, r, d.id, 'offer.created', 'offer', ',"offer_id":"' .. offer ..
            '","pickup":' .. (r.fields.pickup or 'null') .. ',"dropoff":' ..
            (r.fields.dropoff or 'null') .. ',"fare":' .. (r.fields.fare or 'null') ..
            ',"pickup_eta_s":' .. (num_of(d.eta_s) or 'null') .. ',"expires_ms":' .. expires ..
            (d.fields.state == 'on_trip' and ',"beside":true' or ''))
    end
    return reply(c, 'ok', nil, {'offer_id', offer, 'expires_ms', str_of(expires),
        'version', r.fields.version, 'drivers', ids})
end

local function match_offer(c, id, attempt, entry, ids, etas, after)
    local r, done = entry_take(c, id, attempt, entry)
    if not r then return done end
    local drivers, none = candidates(c, r, ids, etas, after)
    if not drivers then return none end
    return offer_open(c, r, drivers, entry)
end

-- ride, attempt, driver, entry or '', eta_s.
declare('ride_offer', {}, function(c, a)
    return match_offer(c, a[1], a[2], a[4], {a[3]}, {a[5]})
end)

-- ride, attempt, entry or '', then up to BROADCAST_MAX pairs of driver and eta_s: one offer to all
-- of them who can have it; the first to accept has the ride.
declare('ride_broadcast', {}, function(c, a)
    local n = (#a - 3) / 2
    if n < 1 or n > L.BROADCAST_MAX or n ~= floor(n) then
        broken('ride_broadcast takes three arguments and some pairs')
    end
    local ids, etas = {}, {}
    for i = 1, n do ids[i], etas[i] = a[i * 2 + 2], a[i * 2 + 3] end
    return match_offer(c, a[1], a[2], a[3], ids, etas)
end)

-- Makes d the holder of the ride in memory, with this lease. Who is on a trip has it next.
local function hold(c, r, d, event, lease)
    local next_one = d.fields.state == 'on_trip'
    put(r, 'driver_id', d.id)
    put(r, 'driver_card', text(d, 'card'))
    put(r, 'lease', lease)
    if next_one then put(r, 'queued', '1') end
    put(r, 'assigned_ms', c.now)
    put(r, 'deadline_ms', '')
    put(r, 'retry_ms', '')
    driver_move(d, event)
    put(d, 'offer', '')
    put(d, 'ignored', '')
    put(d, next_one and 'next_ride' or 'ride', r.id)
    put(d, next_one and 'next_lease' or 'lease', lease)
end

local function match_assign(c, id, attempt, entry, ids, etas, after)
    local r, done = entry_take(c, id, attempt, entry)
    if not r then return done end
    local drivers, none = candidates(c, r, ids, etas, after)
    if not drivers then return none end
    local d = drivers[1]
    local n = num(r, 'offers') + 1
    local lease = r.id .. '.' .. n
    ride_move(c, r, RIDE.assign.requested)
    put(r, 'offers', n)
    put(r, 'pickup_eta_s', d.eta_s)
    hold(c, r, d, 'assign', lease)

    ride_commit(c, r, 'assign', d.id, lease)
    driver_commit(c, d)
    idle_out(d)
    disarm(c, r, 'deadline', 'retry')
    arm(c, 'pickup', r.id, c.now + L.PICKUP_WATCH_MS)
    entry_done(c, entry)
    tell_driver(c, r, d.id, 'ride.updated', 'assign')
    return reply(c, 'ok', nil, {'lease', lease, 'version', r.fields.version})
end

-- ride, attempt, driver, entry or '', eta_s.
declare('ride_assign', {}, function(c, a)
    return match_assign(c, a[1], a[2], a[4], {a[3]}, {a[5]})
end)

-- Waiting is no transition: the version stays.
local function match_defer(c, id, attempt, entry)
    local r, done = entry_take(c, id, attempt, entry)
    if not r then return done end
    local defers = num(r, 'defers')
    local wait = min(L.RETRY_MAX_MS, L.RETRY_MIN_MS * 2 ^ min(defers, 10))
    put(r, 'defers', defers + 1)
    put(r, 'retry_ms', c.now + wait)
    call('HSET', r.key, unpack(r.set))
    arm(c, 'retry', r.id, c.now + wait)
    entry_done(c, entry)
    return reply(c, 'ok', nil, {'retry_ms', str_of(c.now + wait)})
end

-- ride, attempt, entry.
declare('ride_defer', {}, function(c, a)
    return match_defer(c, a[1], a[2], a[3])
end)

local match_ways = {offer = match_offer, assign = match_assign, defer = match_defer}

local function words(list)
    local all = {}
    for word in gmatch(list, '%S+') do all[#all + 1] = word end
    return all
end

-- Ways as rides_match is told them: seconds, with a + behind them where they begin at the end of a trip.
local function ways_of(list)
    local etas, after = words(list), {}
    for i, eta in ipairs(etas) do
        after[i] = sub(eta, -1) == '+'
        if after[i] then etas[i] = sub(eta, 1, -2) end
    end
    return etas, after
end

-- way, ride, attempt, entry or '', drivers and the eta_s of each, both between spaces: for each of
-- some rides. They do not depend on each other: what one is refused, or breaks on, is its own. They
-- share a call because what a call costs by itself is a third of what a ride costs.
declare('rides_match', {}, function(c, a)
    local n = #a / 6
    if n < 1 or n > L.MATCH_RIDES or n ~= floor(n) then
        broken('rides_match takes six arguments for each of 1 to ' .. L.MATCH_RIDES .. ' rides')
    end
    local now, results = c.now, {}
    c.many = true
    for i = 1, n do
        local way, id, attempt, entry, ids, etas = unpack(a, i * 6 - 5, i * 6)
        c.now = now
        local done, result = pcall(function()
            if not match_ways[way] then broken('rides_match knows no way ' .. way) end
            local after
            ids, etas, after = words(ids), ways_of(etas)
            if way ~= 'defer' and (#ids < 1 or #ids > L.BROADCAST_MAX or #ids ~= #etas) then
                broken('rides_match names 1 to ' .. L.BROADCAST_MAX .. ' drivers and their ways')
            end
            return match_ways[way](c, id, attempt, entry, ids, etas, after)
        end)
        results[i] = done and result or {'internal', {}, {'error', error_words(result)}}
    end
    c.many = false
    return reply(c, 'ok', nil, {'results', results})
end)

declare('work_ack', {}, function(c, a)
    local r, done = entry_take(c, a[1], a[2], a[3])
    if not r then return done end
    return reply(c, 'ok')
end)

-- entry, words. Why a reader could not resolve an entry, which stays pending: its dead letter will
-- tell the first and the last of these. They are bounded, and go by themselves.
declare('work_failed', {}, function(c, a)
    if not is_entry(a[1]) or not a[2] then broken('work_failed takes an entry and words') end
    local key = K.WORK_ERRORS(c.tag)
    local note = read('HGET', key, a[1])
    if not note and call('HLEN', key) >= L.ERRORS_MAX then return reply(c, 'ok') end
    local words = c.now .. ' ' .. sub(gsub(a[2], '%c', ' '), 1, WORDS_MAX)
    local first = note and match(note, '^[^\n]*') or words
    call('HSET', key, a[1], first .. '\n' .. words)
    call('PEXPIRE', key, str_of(L.ERRORS_KEEP_MS))
    return reply(c, 'ok')
end)

-- What readers could not do with the entry, as fields of its dead letter; none when they died
-- without a word.
local function errors_of(c, entry)
    local note = entry ~= '' and read('HGET', K.WORK_ERRORS(c.tag), entry) or ''
    local first_ms, first, last_ms, last = match(note, '^(%d+) ([^\n]*)\n(%d+) (.*)$')
    return {'first_error', first or '', 'first_error_ms', first_ms or '', 'last_error', last or '',
        'last_error_ms', last_ms or ''}
end

-- ride or '', attempt, entry, reason, deliveries, the raw entry. An entry that names no ride moves
-- once, by whoever's acknowledgement counts.
declare('ride_dead_letter', {}, function(c, a)
    local incoming, dead = K.RIDES_INCOMING(c.tag), K.RIDES_DEAD(c.tag)
    entry_check(c, incoming, a[3])
    read('XLEN', dead)
    local errors = errors_of(c, a[3])
    local r = is_id(c, a[1]) and ride_load(c, a[1]) or nil
    if not r and a[3] ~= '' and call('XACK', incoming, GROUP, a[3]) == 0 then
        return reply(c, 'stale_entry')
    end
    if r and not (RIDE.dead_letter[r.fields.status] and r.fields.attempt == a[2]) then
        entry_done(c, a[3])
        return ride_reply(c, 'stale_entry', r)
    end
    if r then
        end_check(c, r)
        ride_move(c, r, RIDE.dead_letter.requested)
        put(r, 'ended_ms', c.now)
        put(r, 'reason', 'dead_letter')
        ride_commit(c, r, 'dead_letter')
        end_write(c, r)
    end
    local id = call('XADD', dead, 'MAXLEN', str_of(L.DEAD_MAX), '*', 'ride_id', a[1],
        'attempt', a[2], 'entry_id', a[3], 'reason', a[4], 'deliveries', a[5], 'entry', a[6],
        'at_ms', str_of(c.now), 'version', r and r.fields.version or '', unpack(errors))
    entry_done(c, a[3])
    if a[3] ~= '' then call('HDEL', K.WORK_ERRORS(c.tag), a[3]) end
    return ride_reply(c, 'ok', r, {'dead_id', id})
end)

-- ride, dead letter.
declare('ride_redrive', {}, function(c, a)
    local incoming, dead = K.RIDES_INCOMING(c.tag), K.RIDES_DEAD(c.tag)
    read('XLEN', incoming)
    read('XLEN', dead)
    if a[2] ~= '' and not is_entry(a[2]) then return reply(c, 'invalid_value') end
    local r = ride_load(c, a[1])
    if not r then return reply(c, 'not_found') end
    if not RIDE.redrive[r.fields.status] or num(r, 'ended_ms') + L.REDRIVE_MS < c.now then
        return ride_reply(c, 'illegal_transition', r)
    end
    end_check(c, r)
    if r.live and r.live ~= r.id then return ride_reply(c, 'active_ride_exists', r) end

    ride_move(c, r, RIDE.redrive.failed)
    put(r, 'attempt', num(r, 'attempt') + 1)
    put(r, 'defers', '0')
    put(r, 'retry_ms', '')
    put(r, 'ended_ms', '')
    put(r, 'reason', '')
    put(r, 'deadline_ms', c.now + L.MATCH_MS)
    ride_commit(c, r, 'redrive')
    call('PERSIST', r.key)
    call('PERSIST', r.stream)
    call('PERSIST', K.MATCH_TRACE(c.tag, r.id))
    call('PERSIST', K.TRAIL(c.tag, r.id))
    call('HSET', r.live_key, 'ride', r.id)
    arm(c, 'deadline', r.id, r.fields.deadline_ms)
    enqueue(c, r)
    if a[2] ~= '' then call('XDEL', dead, a[2]) end
    return ride_reply(c, 'ok', r)
end)

declare('dead_discard', {}, function(c, a)
    local dead = K.RIDES_DEAD(c.tag)
    read('XLEN', dead)
    if not is_entry(a[1]) then return reply(c, 'invalid_value') end
    if call('XDEL', dead, a[1]) == 0 then return reply(c, 'not_found') end
    return reply(c, 'ok')
end)
