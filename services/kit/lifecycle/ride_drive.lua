-- From the pickup to the end of a ride: what drivers, riders, ops and pricing do to it.

-- ride, driver, lease, if_version: the ride when this driver's lease is good. Otherwise nil and
-- the reply. `done` tells that this transition was made before on this lease.
local function held(c, a, event, done)
    local r = ride_load(c, a[1])
    if not r then return nil, reply(c, 'not_found') end
    if text(r, 'lease') ~= a[3] or text(r, 'lease') == '' then
        if text(r, 'driver_id') == a[2] or is_excluded(r, a[2]) or lease_ended(r, a[3], a[2]) then
            return nil, ride_reply(c, 'stale_lease', r)
        end
        return nil, reply(c, 'not_found')
    end
    if text(r, 'driver_id') ~= a[2] then return nil, reply(c, 'not_found') end
    if done(r) then return nil, ride_reply(c, 'ok', r, {'replayed', '1'}) end
    if not version_holds(r, a[4]) then return nil, ride_reply(c, 'version_conflict', r) end
    if not RIDE[event][r.fields.status] then return nil, ride_reply(c, 'illegal_transition', r) end
    return r
end

local function has(field)
    return function(r) return text(r, field) ~= '' end
end

-- When the driver's waiting counts from; who comes early to a scheduled ride waits for its time.
local function wait_begin(r)
    return max(num(r, 'arrived_ms'), num(r, 'pickup_at_ms'))
end

-- By when it must have begun.
local function start_by(r)
    return num_of(text(r, 'start_by_ms')) or wait_begin(r) + L.START_MS
end

-- Not before his trip with somebody else is over.
declare('ride_arrive', {}, function(c, a)
    local r, no = held(c, a, 'arrive', has('arrived_ms'))
    if not r then return no end
    if text(r, 'queued') ~= '' then return ride_reply(c, 'driver_on_ride', r) end
    ride_move(c, r, RIDE.arrive.assigned)
    put(r, 'arrived_ms', c.now)
    put(r, 'start_by_ms', wait_begin(r) + L.START_MS)
    ride_commit(c, r, 'arrive', a[2], a[3])
    disarm(c, r, 'pickup')
    arm(c, 'start', r.id, r.fields.start_by_ms)
    tell_driver(c, r, a[2], 'ride.updated', 'arrive')
    return ride_reply(c, 'ok', r)
end)

-- ride, driver, lease, if_version, start code. A wrong code changes only the count of tries: the
-- version stays.
declare('ride_start', {}, function(c, a)
    local r, no = held(c, a, 'start', has('started_ms'))
    if not r then return no end
    local locked = num(r, 'start_locked_ms')
    if locked > c.now then
        return ride_reply(c, 'start_locked', r,
            {'retry_after_s', str_of(floor((locked - c.now + 999) / 1000))})
    end
    if a[5] ~= text(r, 'start_code') then
        local tries = num(r, 'start_tries') + 1
        if tries < L.CODE_TRIES then
            put(r, 'start_tries', tries)
        else
            put(r, 'start_tries', '0')
            put(r, 'start_locked_ms', c.now + L.CODE_LOCK_MS)
        end
        call('HSET', r.key, unpack(r.set))
        return ride_reply(c, 'incorrect_start_code', r,
            {'tries_left', str_of(L.CODE_TRIES - tries)})
    end
    local d = driver_load(c, a[2])
    if not DRIVER.start[d.fields.state] then broken('the driver of the ride is not assigned') end

    ride_move(c, r, RIDE.start.arrived)
    put(r, 'started_ms', c.now)
    driver_move(d, 'start')
    ride_commit(c, r, 'start', a[2], a[3])
    driver_commit(c, d)
    disarm(c, r, 'start')
    arm(c, 'trip', r.id, c.now + max(L.TRIP_MIN_MS, L.TRIP_TIMES * 1000 * num(r, 'duration_s')))
    arm(c, 'soon', r.id, c.now + 1000 * max(0, num(r, 'trip_s') - L.SOON_S))
    tell_driver(c, r, a[2], 'ride.updated', 'start')
    return ride_reply(c, 'ok', r)
end)

-- ride, driver, lease, if_version, stop number.
declare('ride_reach_stop', {}, function(c, a)
    local stop = num_of(a[5])
    local r, no = held(c, a, 'reach_stop', function(r)
        return stop ~= nil and stop <= num(r, 'stops_done')
    end)
    if not r then return no end
    if not stop or stop ~= num(r, 'stops_done') + 1 or stop > num(r, 'stops_n') then
        return ride_reply(c, 'invalid_value', r)
    end
    ride_move(c, r, RIDE.reach_stop.in_progress)
    put(r, 'stops_done', stop)
    ride_commit(c, r, 'reach_stop', a[2], a[3])
    tell_driver(c, r, a[2], 'ride.updated', 'reach_stop')
    return ride_reply(c, 'ok', r)
end)

-- ride, driver, lease, if_version, lat or '', lon or ''.
declare('ride_complete', {}, function(c, a)
    local r, no = held(c, a, 'complete', function(r) return r.fields.status == 'completed' end)
    if not r then return no end
    local at = point(a[5], a[6])
    local driver = holders(c, r)
    end_check(c, r)
    ride_move(c, r, RIDE.complete.in_progress)
    put(r, 'ended_ms', c.now)
    if at then
        put(r, 'end_lat', a[5])
        put(r, 'end_lon', a[6])
    end
    ride_commit(c, r, 'complete', a[2], a[3])
    end_write(c, r)
    tell_driver(c, r, a[2], 'ride.updated', 'complete')
    free_all(c, driver)
    return ride_reply(c, 'ok', r)
end)

-- Ends a ride that nobody will drive, and frees whoever held it. The move was looked up.
local function call_off(c, r, event, to, by, reason, fee)
    local offered = r.fields.status == 'offered'
    local lease = offered and text(r, 'offer') or text(r, 'lease')
    local parties = offered and text(r, 'offer_driver') or text(r, 'driver_id')
    local drivers = holders(c, r)
    end_check(c, r)
    ride_move(c, r, to)
    put(r, 'ended_ms', c.now)
    put(r, 'cancelled_by', by)
    put(r, 'reason', reason)
    put(r, 'retry_ms', '')
    if text(r, 'queued') ~= '' then put(r, 'queued', '') end
    if fee then put(r, 'fee_minor', fee) end
    if offered then offer_close(r, event) end
    ride_commit(c, r, event, parties, lease)
    end_write(c, r)
    for id in gmatch(parties, '%S+') do
        if offered then
            tell_revoked(c, r, id, event, lease)
        else
            tell_driver(c, r, id, 'ride.updated', event)
        end
    end
    free_all(c, drivers)
end

-- Until when the driver waits for the rider.
local function wait_end(r)
    return wait_begin(r) + L.NO_SHOW_MS
end

-- ride, driver, lease, if_version.
declare('ride_no_show', {}, function(c, a)
    local r, no = held(c, a, 'no_show', function(r) return text(r, 'reason') == 'no_show' end)
    if not r then return no end
    local due = wait_end(r)
    if due > c.now then return ride_reply(c, 'not_due', r, {'due_ms', str_of(due)}) end
    call_off(c, r, 'no_show', RIDE.no_show.arrived, 'driver', 'no_show', num(r, 'fee_no_show'))
    return ride_reply(c, 'ok', r)
end)

-- The fault matrix of the quote: what a rider pays who cancels now. Nothing while nobody comes, nor
-- shortly after, nor when it is the driver's fault: he is late, or was warned that he does not come.
local function rider_fee(c, r)
    local status = r.fields.status
    if status == 'arrived' then
        return num(r, c.now >= wait_end(r) and 'fee_no_show' or 'fee_cancel')
    end
    if status ~= 'assigned' then return 0 end
    local since = c.now - num(r, 'assigned_ms')
    local eta = num_of(text(r, 'pickup_eta_s'))
    local is_late = eta and eta >= 0 and since > (eta + num(r, 'fee_late_s')) * 1000
    if since <= num(r, 'fee_free_s') * 1000 or is_late or text(r, 'warned') ~= '' then return 0 end
    return num(r, 'fee_cancel')
end

-- Takes the ride from its driver: back to be matched without him, or, when that has happened too
-- often, the end. The caller has checked both moves.
local function release(c, r, event, reason)
    if num(r, 'releases') >= L.RELEASES_MAX then
        lease_end(r, text(r, 'lease'), text(r, 'driver_id'), event)
        r.why = nil
        call_off(c, r, 'give_up', RIDE.give_up[r.fields.status], 'system', reason, 0)
        return
    end
    local drivers = holders(c, r)
    read('XLEN', K.RIDES_INCOMING(c.tag))
    requeue(c, r, event, function() free_all(c, drivers) end)
end

-- ride, actor, lease, if_version, by, reason, fee or ''.
declare('ride_cancel', {}, function(c, a)
    local by, reason = a[5], a[6]
    if by == 'driver' then
        local before = ride_load(c, a[1])
        if before and lease_ended(before, a[3], a[2]) == 'driver_cancel' then
            return ride_reply(c, 'ok', before, {'replayed', '1', 'released', '1'})
        end
        local r, no = held(c, a, 'driver_cancel', function() return false end)
        if not r then return no end
        r.why = reason
        release(c, r, 'driver_cancel', 'driver_cancelled')
        return ride_reply(c, 'ok', r, {'released', '1'})
    end

    local r = ride_load(c, a[1])
    if not r then return reply(c, 'not_found') end
    local event, name = 'ops_cancel', 'system'
    if by == 'rider' then
        if r.fields.rider_id ~= a[2] then return reply(c, 'not_found') end
        event, name = 'rider_cancel', 'rider'
    end
    if r.fields.status == 'cancelled' and text(r, 'cancelled_by') == name then
        return ride_reply(c, 'ok', r, {'replayed', '1'})
    end
    if not version_holds(r, a[4]) then return ride_reply(c, 'version_conflict', r) end
    local to = RIDE[event][r.fields.status]
    if not to then return ride_reply(c, 'illegal_transition', r) end
    local fee = by == 'rider' and rider_fee(c, r) or num_of(a[7]) or 0
    call_off(c, r, event, to, name, reason, fee)
    return ride_reply(c, 'ok', r)
end)

-- ride, final fare as JSON, its minor units, group, entry or ''.
declare('ride_settle', {}, function(c, a)
    entry_check(c, c.events, a[5])
    if a[5] ~= '' and a[4] == '' then broken('an entry is acknowledged for a group') end
    local r = ride_load(c, a[1])
    if r and RIDE.settle[r.fields.status] and text(r, 'settled_ms') == '' then
        ride_move(c, r, RIDE.settle.completed)
        put(r, 'final_fare', a[2])
        put(r, 'final_minor', a[3])
        put(r, 'settled_ms', c.now)
        ride_commit(c, r, 'settle', text(r, 'driver_id'), text(r, 'lease'))
        if a[5] ~= '' then call('XACK', c.events, a[4], a[5]) end
        tell_driver(c, r, text(r, 'driver_id'), 'ride.updated', 'settle')
        return ride_reply(c, 'ok', r, {'replayed', '0'})
    end
    if a[5] ~= '' then call('XACK', c.events, a[4], a[5]) end
    if not r then return reply(c, 'not_found') end
    if text(r, 'settled_ms') ~= '' then return ride_reply(c, 'ok', r, {'replayed', '1'}) end
    return ride_reply(c, 'illegal_transition', r)
end)

-- ride, actor, 'rider' or 'driver', stars, tags between commas. Each party rates the other once, while
-- the ride is still in the store.
declare('ride_rate', {}, function(c, a)
    local by, stars = a[3], num_of(a[4])
    local r = ride_load(c, a[1])
    local party = r and text(r, by == 'rider' and 'rider_id' or 'driver_id') or ''
    if party == '' or party ~= a[2] then return reply(c, 'not_found') end
    if not stars or stars < 1 or stars > 5 or stars ~= floor(stars) then
        return ride_reply(c, 'invalid_value', r)
    end
    local field = by == 'rider' and 'driver_stars' or 'rider_stars'
    local tags = by == 'rider' and 'driver_tags' or 'rider_tags'
    if num(r, field) == stars and text(r, tags) == a[5] then
        return ride_reply(c, 'ok', r, {'replayed', '1'})
    end
    local to = RIDE.rate[r.fields.status]
    if not to or text(r, field) ~= '' then return ride_reply(c, 'illegal_transition', r) end
    ride_move(c, r, to)
    put(r, field, stars)
    if a[5] ~= '' then put(r, tags, a[5]) end
    ride_commit(c, r, 'rate', text(r, 'driver_id'), text(r, 'lease'), {'by', by, 'stars', str_of(stars)})
    return ride_reply(c, 'ok', r)
end)
