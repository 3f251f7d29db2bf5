-- The reconciler: a slow look at everything a region keeps, for what no function would have left:
-- a restored backup, a hand in the store, a bug. One call looks at a bounded number of records,
-- mends what disagrees, and notes each repair in repairs:{region}. In health it finds nothing.
--
-- It trusts the ride first, then the driver, then lists and indexes, and mends at most what it
-- has read in the same call. A record that cannot be read is counted and left to people.

local function mend(c, kind, id)
    c.repairs[#c.repairs + 1] = kind
    c.repairs[#c.repairs + 1] = id
    call('XADD', K.REPAIRS(c.tag), 'MAXLEN', '~', L.REPAIRS_MAX, '*', 'kind', kind, 'id', id,
        'at_ms', str_of(c.now))
end

-- Rides -------------------------------------------------------------------------------------

-- The timers that the ride's state must have: kind -> when it is due, or false where only the
-- timer knows.
local function timers_wanted(r)
    local status, wanted = r.fields.status, {}
    if status == 'requested' or status == 'offered' then wanted.deadline = num(r, 'deadline_ms') end
    if status == 'requested' and text(r, 'retry_ms') ~= '' then wanted.retry = num(r, 'retry_ms') end
    if status == 'offered' then wanted.offer = num(r, 'offer_expires_ms') + L.OFFER_GRACE_MS end
    if status == 'assigned' then wanted.pickup = false end
    if status == 'arrived' then wanted.start = start_by(r) end
    if status == 'in_progress' and text(r, 'overdue_ms') == '' then wanted.trip = false end
    if status == 'scheduled' then wanted.scheduled = num(r, 'pickup_at_ms') - L.LEAD_MS end
    return wanted
end

-- A timer that is early sets itself right, and one that failed was put off: only a missing one,
-- or one later than its record for no such reason, leaves the ride waiting.
local function ride_timers(c, r)
    for kind, due in pairs(timers_wanted(r)) do
        local timer = kind .. ':' .. r.id
        local score = num_of(call('ZSCORE', c.timers, timer))
        local late = score and due and score > due + L.FAULT_MIN_MS and
            try('HEXISTS', K.TIMER_FAULTS(c.tag), timer) ~= 1
        if not score or late then
            arm(c, kind, r.id, max(due or 0, c.now))
            mend(c, 'timer', timer)
        end
    end
end

-- Whether somebody will look at a requested ride again: a retry is set, or the entry that asks for
-- it is in the stream, not given to the matchers yet or given and not acknowledged. A ride past its
-- deadline waits for that timer alone.
local function has_work(c, r)
    local id = text(r, 'work')
    if text(r, 'retry_ms') ~= '' or num(r, 'deadline_ms') <= c.now then return true end
    if not is_entry(id) then return true end
    local incoming = K.RIDES_INCOMING(c.tag)
    if #read('XRANGE', incoming, id, id) == 0 then return false end
    if c.delivered == nil then
        local group = group_of(incoming, GROUP)
        c.delivered = group and group['last-delivered-id'] or '0-0'
    end
    if id_less(c.delivered, id) then return true end
    return #call('XPENDING', incoming, GROUP, id, id, '1') > 0
end

-- The driver whom the ride names has another story. Where he is free he gets the ride back, for
-- its lease is in his hands; where he is not, the ride goes to somebody else. On a trip nothing
-- is taken from anybody.
local function ride_holder(c, r)
    local d = driver_load(c, text(r, 'driver_id'))
    local status, queued = r.fields.status, text(r, 'queued') ~= ''
    local state = (queued or status == 'in_progress') and 'on_trip' or 'assigned'
    local his = text(d, queued and 'next_ride' or 'ride') == r.id
    local lease = text(d, queued and 'next_lease' or 'lease')
    if his and lease == text(r, 'lease') and d.fields.state == state then return end
    local free = text(d, 'ride') == '' and text(d, 'offer') == ''
    local was = d.fields.state
    if not queued and (his or free and (was == 'idle' or was == 'assigned' or was == 'on_trip' or
        status == 'in_progress')) then
        driver_place(c, d)
        if was == 'blocked' then put(d, 'block_pending', '1') end
        put(d, 'state', state)
        put(d, 'ride', r.id)
        put(d, 'lease', text(r, 'lease'))
        driver_commit(c, d)
        idle_out(d)
        mend(c, 'ride_holder', r.id)
    elseif status ~= 'in_progress' then
        read('XLEN', K.RIDES_INCOMING(c.tag))
        release(c, r, status == 'assigned' and 'driver_dark' or 'driver_cancel', 'driver_lost')
        mend(c, 'ride_holder', r.id)
    end
end

-- Times of before a clock was stepped back lie ahead: a wait that counts from them would not end.
local function ride_times(c, r, clock)
    for _, field in ipairs({'updated_ms', 'assigned_ms', 'arrived_ms', 'started_ms'}) do
        if num(r, field) > clock + L.GAP_MS then put(r, field, clock) end
    end
    if num(r, 'start_locked_ms') > clock + L.CODE_LOCK_MS + L.GAP_MS then
        put(r, 'start_locked_ms', clock)
    end
    if #r.set == 0 then return end
    call('HSET', r.key, unpack(r.set))
    r.flat = flat_of(r)
    mend(c, 'time', r.id)
end

local function ride_check(c, id)
    local clock = c.now
    local r = ride_load(c, id)
    if not r then return end
    local status = r.fields.status
    if ENDED[status] then
        if call('PTTL', r.key) == -1 then
            call('PEXPIRE', r.key, L.KEEP_MS)
            mend(c, 'kept', id)
        end
        return
    end
    ride_times(c, r, clock)
    if status ~= 'scheduled' then
        local key = K.RIDER_STATE(c.tag, r.fields.rider_id)
        if not read('HGET', key, 'ride') then
            call('HSET', key, 'ride', id)
            mend(c, 'rider', r.fields.rider_id)
        end
    end
    if status == 'requested' and not has_work(c, r) then
        enqueue(c, r)
        mend(c, 'work', id)
    end
    if RIDE.give_up[status] or status == 'in_progress' then ride_holder(c, r) end
    ride_timers(c, r)
end

-- Drivers -----------------------------------------------------------------------------------

-- Whether the ride still is the driver's, as `field` of it says.
local function is_his(c, id, field, value, driver)
    local r = id ~= '' and ride_read(c, id) or nil
    if not r or ENDED[r.fields.status] or text(r, field) ~= value then return false end
    local who = text(r, field == 'offer' and 'offer_driver' or 'driver_id')
    return find(' ' .. who .. ' ', ' ' .. driver .. ' ', 1, true) ~= nil
end

-- What he holds is his: an offer, a ride, the ride after it. A ride that is taken from him takes the
-- one after it along, which is then matched again.
local function driver_holds(c, d)
    local state, kind = d.fields.state, nil
    local offer, ride, following = text(d, 'offer'), text(d, 'ride'), text(d, 'next_ride')
    local function his(id) return is_his(c, id, 'driver_id', d.id, d.id) end
    if (offer ~= '' or state == 'offered') and
        not is_his(c, (gsub(offer, '%.%d+$', '')), 'offer', offer, d.id) then
        if DRIVER.offer_end[state] then driver_move(d, 'offer_end') end
        put(d, 'offer', '')
        kind = 'driver_offer'
    end
    local lost = (ride ~= '' or state == 'assigned' or state == 'on_trip') and not his(ride)
    if following ~= '' and (lost or not his(following)) then
        put(d, 'next_ride', '')
        put(d, 'next_lease', '')
        kind = 'driver_ride'
    end
    if lost then
        soon_out(d)
        ride_clear(d)
        local event = text(d, 'offer') ~= '' and 'free_to_offer' or 'free'
        if DRIVER[event][state] then driver_move(d, event) end
        kind = 'driver_ride'
    end
    if not kind then return end
    driver_commit(c, d)
    if d.fields.state == 'blocked' then driver_gone(c, d) else idle_in(c, d) end
    mend(c, kind, d.id)
end

-- A driver on the road is heard, or waits for the end of his silence.
local function driver_silence(c, d)
    local state = d.fields.state
    if state == 'offline' or state == 'blocked' or d.seen then return end
    if call('ZSCORE', c.timers, 'dark:' .. d.id) then return end
    if text(d, 'dark_ms') == '' then
        put(d, 'dark_ms', c.now)
        driver_commit(c, d)
    end
    arm(c, 'dark', d.id, max(c.now, num(d, 'dark_ms') + L.INACTIVE_MS))
    mend(c, 'silence', d.id)
end

-- An idle, fresh driver stands in the index of each of his products, unless he cools down: then a
-- timer will put him there.
local function driver_idle(c, d)
    local missing, till = {}, text(d, 'cooldown_until_ms')
    if till ~= '' then
        if call('ZSCORE', c.timers, 'cooldown:' .. d.id) then return end
        arm(c, 'cooldown', d.id, max(c.now, num_of(till) or 0))
        mend(c, 'timer', 'cooldown:' .. d.id)
        return
    end
    for _, key in ipairs(d.idle) do
        if not call('ZSCORE', key, d.id) then missing[#missing + 1] = key end
    end
    if #missing == 0 then return end
    idle_in(c, d)
    for _, key in ipairs(missing) do
        if call('ZSCORE', key, d.id) then mend(c, 'idle', d.id) end
    end
end

local function driver_check(c, id)
    local d = driver_load(c, id)
    driver_place(c, d)
    driver_holds(c, d)
    -- After an outage or a restart phones need a moment to be heard again: that puts drivers back.
    if c.now - c.moved <= L.INACTIVE_MS then return end
    driver_silence(c, d)
    if d.fields.state == 'idle' then driver_idle(c, d) end
end

-- The rider's one live ride, and the list of his scheduled ones.
local function rider_check(c, rider)
    local key = K.RIDER_STATE(c.tag, rider)
    local function is_in(id, scheduled)
        local r = ride_read(c, id)
        return r ~= nil and not ENDED[r.fields.status] and r.fields.rider_id == rider and
            (r.fields.status == 'scheduled') == scheduled
    end
    local id = read('HGET', key, 'ride')
    local list = read('HGET', key, 'scheduled') or ''
    local left = gsub(list, '%S+ ', function(word)
        return not is_in(sub(word, 1, -2), true) and '' or nil
    end)
    if id and not is_in(id, false) then
        call('HDEL', key, 'ride')
        mend(c, 'rider', rider)
    end
    if left ~= list then
        if left == ' ' then call('HDEL', key, 'scheduled') else call('HSET', key, 'scheduled', left) end
        mend(c, 'rider', rider)
    end
end

-- Indexes -----------------------------------------------------------------------------------

-- A member of an index whose record says that he has no place there.
local function member_check(c, key, id, product, soon)
    local d = is_id(c, id) and driver_load(c, id) or nil
    local state = d and d.fields.state or 'offline'
    local fits = state ~= 'offline' and state ~= 'blocked'
    if product then
        fits = state == (soon and 'on_trip' or 'idle') and
            find(',' .. text(d, 'products') .. ',', ',' .. product .. ',', 1, true) ~= nil
    end
    if soon and fits then
        fits = text(d, 'soon_ms') ~= '' and text(d, 'offer') == '' and text(d, 'next_ride') == ''
    end
    if fits then return end
    call('ZREM', key, id)
    mend(c, 'index', id)
end

-- One page of the keys of the region, each looked at by its kind.
local function keys_look(c, cursor, count, look)
    local kinds = {[K.RIDE(c.tag, '')] = ride_check, [K.DRIVER_STATE(c.tag, '')] = driver_check,
                   [K.RIDER_STATE(c.tag, '')] = rider_check}
    local page = call('SCAN', cursor, 'MATCH', '*:' .. c.tag .. ':*', 'COUNT', count)
    for _, key in ipairs(page[2]) do
        local head, id = match(key, '^(.-:{[a-z0-9_]+}:)(.+)$')
        if kinds[head] then look(kinds[head], id) end
    end
    return page[1]
end

local function index_look(c, cursor, count, look, key, product, soon)
    read('ZCARD', key)
    local page = call('ZSCAN', key, cursor, 'COUNT', count)
    for i = 1, #page[2], 2 do
        look(function(_, id) member_check(c, key, id, product, soon) end, page[2][i])
    end
    return page[1]
end

-- Notes of timers that are gone.
local function faults_look(c, cursor, count)
    local key = K.TIMER_FAULTS(c.tag)
    read('HLEN', key)
    local page = call('HSCAN', key, cursor, 'COUNT', count)
    for i = 1, #page[2], 2 do
        if not call('ZSCORE', c.timers, page[2][i]) then call('HDEL', key, page[2][i]) end
    end
    return page[1]
end

-- cursor ('' begins), how many to look at, the region's products. Extras: the next cursor ('' at the end
-- of a round), `repairs` (kind and id, one after the other), `unreadable` records, and why the
-- first of them is.
declare('reconcile', {}, function(c, a)
    local stage, cursor = match(a[1], '^(%d+):(%d+)$')
    stage, cursor = num_of(stage) or 1, cursor or '0'
    read('XLEN', K.REPAIRS(c.tag))
    read('XLEN', c.events)
    read('XLEN', K.RIDES_INCOMING(c.tag))
    read('ZCARD', c.timers)
    if c.late ~= 0 then return reply(c, 'heartbeat_due') end
    c.repairs, c.moved = {}, num_of(read('HGET', K.CLOCK(c.tag), 'moved_ms')) or 0
    local now, unreadable, why = c.now, 0, ''

    local function look(check, id)
        c.now = now
        local fine, words = pcall(check, c, id)
        if fine then return end
        unreadable = unreadable + 1
        if why == '' then why = type(words) == 'table' and words.err or str_of(words) end
    end

    local stages = {function() return keys_look(c, cursor, a[2], look) end,
                    function() return faults_look(c, cursor, a[2]) end}
    local function add(...)
        local index = {...}
        stages[#stages + 1] = function() return index_look(c, cursor, a[2], look, unpack(index)) end
    end
    add(K.DRIVERS_SEEN(c.tag))
    add(K.DRIVERS_ACTIVE(c.tag))
    for i = 3, #a do
        add(K.DRIVERS_IDLE(c.tag, a[i]), a[i], false)
        add(K.DRIVERS_SOON(c.tag, a[i]), a[i], true)
    end
    cursor = (stages[stage] or function() return '0' end)()
    c.now = now
    local following = stage .. ':' .. cursor
    if cursor == '0' then following = stage < #stages and (stage + 1) .. ':0' or '' end
    return reply(c, 'ok', nil, {'cursor', following, 'repairs', c.repairs, 'unreadable',
        str_of(unreadable), 'why', why})
end)
