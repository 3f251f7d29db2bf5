-- Time: the heartbeat, and what becomes of a deadline. A timer is a member kind:id of one sorted
-- set, scored by its due time. The record holds the same time and decides: a timer that finds
-- its record elsewhere does nothing.

declare('timers_due', {'no-writes'}, function(c, a)
    read('ZCARD', c.timers)
    if c.late ~= 0 then return reply(c, 'heartbeat_due', nil, {'timers', {}}) end
    local due = call('ZRANGEBYSCORE', c.timers, '-inf', str_of(c.now), 'LIMIT', '0', a[1])
    return reply(c, 'ok', nil, {'timers', due})
end)

-- What to do with the timer of each kind, once it is due; each returns what it did. A ride's
-- timer whose guard fails is only removed.
local apply = {}

function apply.deadline(c, r)
    local to = RIDE.deadline[r.fields.status]
    if not to then return nil end
    if num(r, 'deadline_ms') > c.now then return nil, num(r, 'deadline_ms') end
    call_off(c, r, 'deadline', to, '', 'no_driver_found')
    return 'unfulfilled'
end

function apply.offer(c, r)
    if not RIDE.offer_timeout[r.fields.status] then return nil end
    local due = num(r, 'offer_expires_ms') + L.OFFER_GRACE_MS
    if due > c.now then return nil, due end
    local drivers = holders(c, r)
    read('XLEN', K.RIDES_INCOMING(c.tag))
    requeue(c, r, 'offer_timeout', function()
        for _, d in ipairs(drivers) do offer_ignored(c, d) end
        free_all(c, drivers)
    end)
    return 'offer_timeout'
end

function apply.retry(c, r)
    if r.fields.status ~= 'requested' or text(r, 'retry_ms') == '' then return nil end
    if num(r, 'retry_ms') > c.now then return nil, num(r, 'retry_ms') end
    read('XLEN', K.RIDES_INCOMING(c.tag))
    put(r, 'retry_ms', '')
    call('HSET', r.key, unpack(r.set))
    call('ZREM', c.timers, 'retry:' .. r.id)
    enqueue(c, r)
    return 'retry'
end

function apply.scheduled(c, r)
    if not RIDE.lead_time[r.fields.status] then return nil end
    local due = num(r, 'pickup_at_ms') - L.LEAD_MS
    if due > c.now then return nil, due end
    end_check(c, r)
    if r.live and r.live ~= r.id and ride_read(c, r.live) then
        call_off(c, r, 'rider_busy', RIDE.rider_busy.scheduled, 'system', 'rider_busy', 0)
        return 'rider_busy'
    end
    read('XLEN', K.RIDES_INCOMING(c.tag))
    ride_move(c, r, RIDE.lead_time.scheduled)
    put(r, 'deadline_ms', max(c.now + L.MATCH_MS, num(r, 'pickup_at_ms')))
    ride_commit(c, r, 'lead_time')
    unschedule(r)
    call('HSET', r.live_key, 'ride', r.id)
    call('ZREM', c.timers, 'scheduled:' .. r.id)
    arm(c, 'deadline', r.id, r.fields.deadline_ms)
    enqueue(c, r)
    return 'lead_time'
end

-- Nobody starts the ride, and nobody says why: it is over, and nobody's fault.
function apply.start(c, r)
    if r.fields.status ~= 'arrived' then return nil end
    if start_by(r) > c.now then return nil, start_by(r) end
    call_off(c, r, 'give_up', RIDE.give_up.arrived, 'system', 'not_started', 0)
    return 'not_started'
end

-- A trip far beyond its estimate is somebody's business, but not ours to end.
function apply.trip(c, r)
    if r.fields.status ~= 'in_progress' then return nil end
    put(r, 'overdue_ms', c.now)
    call('HSET', r.key, unpack(r.set))
    call('ZREM', c.timers, 'trip:' .. r.id)
    return 'overdue'
end

-- A driver whose time without offers is over.
local function apply_cooldown(c, id)
    local d = driver_load(c, id)
    driver_place(c, d)
    local till = num(d, 'cooldown_until_ms')
    if till > c.now then
        arm(c, 'cooldown', id, till)
        return 'rearmed'
    end
    call('ZREM', c.timers, 'cooldown:' .. id)
    if till == 0 then return 'nothing' end
    put(d, 'cooldown_until_ms', '')
    driver_commit(c, d)
    idle_in(c, d)
    driver_tell(c, d)
    return 'cooled_down'
end

-- A driver who stays dark: after a minute off the map, after a quarter of an hour offline.
local function apply_dark(c, id)
    local member = 'dark:' .. id
    local d = driver_load(c, id)
    driver_place(c, d)
    local dark = num_of(text(d, 'dark_ms'))
    if not dark or d.seen or d.fields.state == 'offline' or d.fields.state == 'blocked' then
        call('ZREM', c.timers, member)
        return 'nothing'
    end
    if c.now < dark + L.INACTIVE_MS then
        arm(c, 'dark', id, dark + L.INACTIVE_MS)
        return 'nothing'
    end
    if c.now < dark + L.GONE_MS then
        call('ZREM', d.active_key, id)
        arm(c, 'dark', id, dark + L.GONE_MS)
        return 'inactive'
    end
    if DRIVER.gone[d.fields.state] then
        driver_move(d, 'gone')
        put(d, 'dark_ms', '')
        driver_commit(c, d)
        driver_gone(c, d)
        driver_tell(c, d)
        return 'offline'
    end
    call('ZREM', d.active_key, id)
    arm(c, 'dark', id, c.now + L.GONE_MS)
    return 'nothing'
end

local function timer_run(c, timer)
    local kind, id = match(timer, '^(%l+):(.+)$')
    local apply_driver = kind == 'dark' and apply_dark or kind == 'cooldown' and apply_cooldown
    if apply_driver and is_id(c, id) then return nil, apply_driver(c, id) end
    local r = apply[kind] and ride_load(c, id) or nil
    local did, again = nil, nil
    if r then did, again = apply[kind](c, r) end
    if again then
        call('ZADD', c.timers, str_of(again), timer)
    elseif not did then
        call('ZREM', c.timers, timer)
    end
    return r, did or again and 'rearmed' or 'nothing'
end

-- A timer whose record cannot be read has changed nothing. It is put off, longer each time: it
-- neither spins nor stands before those that can be applied. What is noted of it ('tries since_ms
-- words') is for people, so a note that cannot be written stops nothing.
local function put_off(c, timer, now, words)
    local faults = K.TIMER_FAULTS(c.tag)
    local note = try('HGET', faults, timer)
    local tries, since = match(type(note) == 'string' and note or '', '^(%d+) (%d+) ')
    tries = num_of(tries) or 0
    local wait = min(L.FAULT_MAX_MS, L.FAULT_MIN_MS * 2 ^ min(tries, 20))
    call('ZADD', c.timers, str_of(now + wait), timer)
    try('HSET', faults, timer, (tries + 1) .. ' ' .. (since or now) .. ' ' ..
        sub(words, 1, WORDS_MAX))
end

-- the timer.
declare('timer_apply', {}, function(c, a)
    local due = num_of(read('ZSCORE', c.timers, a[1]))
    if c.late ~= 0 then return reply(c, 'heartbeat_due', nil, {'did', 'nothing'}) end
    local now = c.now
    if not due or due > now then return reply(c, 'ok', nil, {'did', 'nothing'}) end
    local fine, r, did = pcall(timer_run, c, a[1])
    if not fine then
        local words = type(r) == 'table' and r.err or str_of(r)
        put_off(c, a[1], now, words)
        return reply(c, 'ok', nil, {'did', 'failed', 'error', words})
    end
    local faults = K.TIMER_FAULTS(c.tag)
    if try('HLEN', faults) ~= 0 then try('HDEL', faults, a[1]) end
    return ride_reply(c, 'ok', r, {'did', did})
end)

-- Deadlines that were running while nobody could act on them: kind -> field of the record. A retry
-- or a trip's alarm that is late is simply due; but when the clock steps back it lies ahead too.
local moved_field = {deadline = 'deadline_ms', offer = 'offer_expires_ms', pickup = '',
                     start = 'start_by_ms', dark = 'dark_ms'}
local moved_back_field = {retry = 'retry_ms', trip = '', soon = '', cooldown = 'cooldown_until_ms'}
local of_driver = {dark = true, cooldown = true}

-- One damaged record must not keep the whole region from moving on: only its timer is moved then.
-- What was due before the last beat is no victim of the outage: it stays due.
local function shift_timers(c, gap, todo)
    local all = read('ZRANGE', c.timers, '0', '-1', 'WITHSCORES')
    for i = 1, #all, 2 do
        local member, due = all[i], num_of(all[i + 1])
        local kind, id = match(member, '^(%l+):(.+)$')
        local field = moved_field[kind] or gap < 0 and moved_back_field[kind]
        if field and not (gap > 0 and due <= c.beat) then
            local key = (of_driver[kind] and K.DRIVER_STATE or K.RIDE)(c.tag, id)
            todo[#todo + 1] = {'ZADD', c.timers, str_of(due + gap), member}
            local value = field ~= '' and try('HGET', key, field)
            local at = type(value) == 'string' and num_of(value)
            if at then
                todo[#todo + 1] = {'HSET', key, field, str_of(min(at + gap,
                    field == 'dark_ms' and c.now or at + gap))}
            end
        end
    end
end

local function shift_seen(c, gap, todo)
    local key = K.DRIVERS_SEEN(c.tag)
    local all = read('ZRANGE', key, '0', '-1', 'WITHSCORES')
    for i = 1, #all, 2 do
        local at = min(num_of(all[i + 1]) + gap, c.now)
        todo[#todo + 1] = {'ZADD', key, str_of(at), all[i]}
    end
end

-- Takes the store's run id, or ''. A beat that comes late by more than GAP_MS, or before the last one by
-- as much, was an outage or a step of the clock: what was running is moved by the gap.
declare('heartbeat', {}, function(c, a)
    local todo = {}
    if c.late ~= 0 then
        shift_timers(c, c.late, todo)
        shift_seen(c, c.late, todo)
    end
    local beat = c.now
    if c.late == 0 and c.beat then beat = max(c.now, c.beat) end
    local before, generation = c.generation, c.generation
    local run = a[1] or ''
    if run ~= '' and c.run_id and c.run_id ~= '' and c.run_id ~= run then
        generation = generation + 1
    end
    c.generation = generation
    for _, command in ipairs(todo) do call(unpack(command)) end
    local clock = K.CLOCK(c.tag)
    if c.late ~= 0 or generation ~= before or not c.beat then
        call('HSET', clock, 'moved_ms', str_of(c.now))
    end
    call('HSET', clock, 'beat_ms', str_of(beat), 'generation', str_of(generation),
        'run_id', run ~= '' and run or c.run_id or '')
    return reply(c, 'ok', nil, {'gap_ms', str_of(c.late)})
end)
