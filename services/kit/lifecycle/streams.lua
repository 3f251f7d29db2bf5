-- Streams: how far their groups are, what may be trimmed, and consumers that are gone.

local function id_less(x, y)
    local xm, xs = match(x, '^(%d+)%-(%d+)$')
    local ym, ys = match(y, '^(%d+)%-(%d+)$')
    xm, xs, ym, ys = num_of(xm), num_of(xs), num_of(ym), num_of(ys)
    return xm < ym or xm == ym and xs < ys
end

-- The groups of a stream, by name.
local function groups_of(stream)
    local groups = {}
    if call('EXISTS', stream) == 0 then return groups end
    for _, flat in ipairs(call('XINFO', 'GROUPS', stream)) do
        local group = {}
        for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
        groups[group.name] = group
    end
    return groups
end

local function group_of(stream, name)
    return groups_of(stream)[name]
end

-- The streams that groups read, by the name that labels and options give them.
local function stream_named(c, name)
    if name == 'rides-incoming' then return K.RIDES_INCOMING(c.tag) end
    if name == 'rides-events' then return c.events end
    return broken('there is no stream ' .. str_of(name))
end

-- The registered groups, which arguments name as 'stream:group': stream name -> list of groups.
local function registered(a, from)
    local by_stream = {['rides-incoming'] = {}, ['rides-events'] = {}}
    for i = from, #a do
        local stream, group = match(a[i], '^([a-z-]+):(.+)$')
        if not by_stream[stream] then broken('a registered group is stream:group') end
        by_stream[stream][#by_stream[stream] + 1] = group
    end
    return by_stream
end

-- The lowest entry that a registered group still needs: its oldest unacknowledged one, or what
-- follows the last one given to it. A registered group that does not exist yet needs everything
-- ('0-0'). Where none is named, as by dispatchers of before there were names, every group counts.
local function lowest_needed(stream, names)
    local lowest, groups = nil, groups_of(stream)
    if #names == 0 then
        for name in pairs(groups) do names[#names + 1] = name end
    end
    for _, name in ipairs(names) do
        local group = groups[name]
        local id = group and group['last-delivered-id'] or '0-0'
        if group and num_of(group.pending) > 0 then id = call('XPENDING', stream, name)[2] or id end
        if not lowest or id_less(id, lowest) then lowest = id end
    end
    return lowest
end

local function trim(stream, before)
    if not before or before == '0-0' then return 0 end
    return call('XTRIM', stream, 'MINID', '~', before)
end

-- the registered groups. Work goes once it is acknowledged; events after 7 days, if every registered
-- group is done with them. A group that is not registered holds nothing back.
declare('streams_trim', {}, function(c, a)
    local names = registered(a, 1)
    local incoming = K.RIDES_INCOMING(c.tag)
    read('XLEN', incoming)
    read('XLEN', c.events)
    local work = lowest_needed(incoming, names['rides-incoming'])
    local old = (c.now - L.EVENTS_MS) .. '-0'
    local needed = lowest_needed(c.events, names['rides-events'])
    if needed and id_less(needed, old) then old = needed end
    local done = trim(incoming, work)
    local past = trim(c.events, old)
    return reply(c, 'ok', nil, {'incoming', str_of(done), 'events', str_of(past)})
end)

-- idle_ms, the registered groups. Forgets the consumers of processes that are gone. One that still
-- holds entries stays until somebody has claimed them: deleting it would lose them. The look and
-- the deletion are one call, so nothing can be given to it in between.
declare('consumers_reap', {}, function(c, a)
    local idle = num_of(a[1])
    if not idle then broken('consumers_reap takes idle_ms') end
    local gone, holding = {}, 0
    for name, groups in pairs(registered(a, 2)) do
        local stream = stream_named(c, name)
        read('XLEN', stream)
        local there = groups_of(stream)
        for _, group in ipairs(groups) do
            for _, flat in ipairs(there[group] and call('XINFO', 'CONSUMERS', stream, group) or {}) do
                local consumer = {}
                for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
                if num_of(consumer.idle) < idle then
                elseif num_of(consumer.pending) > 0 then
                    holding = holding + 1
                else
                    call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
                    gone[#gone + 1] = consumer.name
                end
            end
        end
    end
    return reply(c, 'ok', nil, {'reaped', gone, 'holding', str_of(holding)})
end)

-- What waits behind this entry, counted up to LAG_MAX. Redis 7.0 cannot say after an XDEL, and says
-- something wrong after some trims, so its own figure counts only beyond that.
local function lag_of(stream, group, after)
    local waiting = call('XRANGE', stream, '(' .. after, '+', 'COUNT', L.LAG_MAX)
    local lag = #waiting
    if lag == L.LAG_MAX then lag = max(lag, num_of(group and group.lag or nil) or 0) end
    return lag, waiting[1] and waiting[1][1] or ''
end

-- Milliseconds since the time in an entry's id; 0 for none.
local function age_of(c, id)
    local ms = num_of(match(id or '', '^(%d+)%-') or nil)
    return ms and max(0, c.now - ms) or 0
end

local PENDING_LOOK = 100

local function figures_of(c, stream, name, group)
    local lag, first = lag_of(stream, group, group and group['last-delivered-id'] or '0-0')
    local pending, oldest, deliveries = 0, '', 0
    if group then
        pending = num_of(group.pending)
        for i, p in ipairs(pending > 0 and call('XPENDING', stream, name, '-', '+', PENDING_LOOK) or {}) do
            if i == 1 then oldest = p[1] end
            deliveries = max(deliveries, p[4])
        end
    end
    return {'group', name, 'exists', group and '1' or '0',
        'consumers', str_of(group and group.consumers or 0), 'lag', str_of(lag),
        'pending', str_of(pending), 'oldest_pending_ms', str_of(age_of(c, oldest)),
        'oldest_undelivered_ms', str_of(age_of(c, first)), 'deliveries_max', str_of(deliveries),
        'last_delivered_id', group and group['last-delivered-id'] or '0-0'}
end

-- the registered groups. Extras: `groups` (each a flat list; registered ones also when they do not
-- exist yet, for what waits is waiting for them), the lengths, and how deadlines do.
declare('streams_look', {'no-writes'}, function(c, a)
    local out = {}
    for name, wanted in pairs(registered(a, 1)) do
        local stream = stream_named(c, name)
        read('XLEN', stream)
        local there, is_registered, order = groups_of(stream), {}, {}
        for _, group in ipairs(wanted) do
            is_registered[group] = true
            order[#order + 1] = group
        end
        for group in pairs(there) do
            if not is_registered[group] then order[#order + 1] = group end
        end
        for i = 1, min(#order, L.GROUPS_MAX) do
            local f = figures_of(c, stream, order[i], there[order[i]])
            f[#f + 1], f[#f + 2] = 'stream', name
            f[#f + 1], f[#f + 2] = 'registered', is_registered[order[i]] and '1' or '0'
            out[#out + 1] = f
        end
    end
    local first = read('ZRANGE', c.timers, '0', '0', 'WITHSCORES')[2]
    local late = c.late == 0 and num_of(first) and max(0, c.now - num_of(first)) or 0
    read('XLEN', K.REPAIRS(c.tag))
    local repair = call('XREVRANGE', K.REPAIRS(c.tag), '+', '-', 'COUNT', '1')[1]
    local repaired = repair and age_of(c, repair[1]) or -1
    return reply(c, 'ok', nil, {'groups', out,
        'incoming_length', str_of(read('XLEN', K.RIDES_INCOMING(c.tag))),
        'events_length', str_of(read('XLEN', c.events)),
        'dead_letters', str_of(read('XLEN', K.RIDES_DEAD(c.tag))),
        'timers_late_ms', str_of(floor(late)),
        'timers_failing', str_of(read('HLEN', K.TIMER_FAULTS(c.tag))),
        'repaired_ms', str_of(repaired)})
end)
