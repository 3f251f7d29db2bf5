-- Projections: what the outbox tells, put together for people. An entry is acknowledged and applied
-- in one call, and applied only if the acknowledgement counted: redelivered, claimed and read by two,
-- it counts once. What cannot be applied stays pending, and is a dead letter at its fifth delivery.
--
-- Nothing of a ride rests on what is written here, so a damaged board or bitmap stops nothing: those
-- are tried. History is not: it is checked first.
do

local DELIVERIES_MAX = 5

-- Leaderboards --------------------------------------------------------------------------------

local BOARD_KEEP_S = {day = 35 * 86400, week = 400 * 86400}

local function board_add(c, what, t, driver, n)
    if driver == '' or not n or n == 0 then return end
    for _, of in ipairs({{'day', 'day:' .. t.day}, {'week', 'week:' .. t.week}, {'all', 'all'}}) do
        local key = K.LEADERBOARD(c.tag, what, of[2])
        try('ZINCRBY', key, str_of(n), driver)
        if BOARD_KEEP_S[of[1]] then try('EXPIRE', key, str_of(BOARD_KEEP_S[of[1]])) end
    end
end

-- Who was active ------------------------------------------------------------------------------

local ACTIVE_KEEP_S = 120 * 86400

-- One bit a person in the bitmap of a day. People get small numbers in the order they come, so that
-- the bitmaps stay short.
local function active_on(c, who, t, id)
    if id == '' then return end
    local map = K.DENSE(c.tag, who)
    local n = try('HGET', map, id)
    if not n then
        n = try('HINCRBY', K.PROJECTION(c.tag), 'last:' .. who, '1')
        try('HSET', map, id, str_of(n))
    end
    if not num_of(n) then return end
    local key = K.LOGINS(c.tag, who, t.day)
    try('SETBIT', key, str_of(n), '1')
    try('EXPIRE', key, str_of(ACTIVE_KEEP_S))
end

local function unique_rider(c, t, rider)
    local key = K.RIDERS(c.tag, t.day)
    try('PFADD', key, rider)
    try('EXPIRE', key, str_of(ACTIVE_KEEP_S))
end

-- Where rides begin ---------------------------------------------------------------------------

local HOT_CELLS, HOT_KEEP_S = '50', 3 * 3600

local function hour_of(ms) return str_of(floor(ms / 3600000)) end

local function hot_add(c, e, t)
    if t.cell == '' then return end
    local key = K.HOT(c.tag, hour_of(num_of(e.at_ms) or c.now))
    if try('EXISTS', key) == 0 then
        try('TOPK.RESERVE', key, HOT_CELLS, '1000', '5', '0.9')
    end
    try('TOPK.ADD', key, t.cell)
    try('EXPIRE', key, str_of(HOT_KEEP_S))
end

-- Entries -------------------------------------------------------------------------------------

local count = {}

function count.create(c, e, t)
    active_on(c, 'riders', t, e.rider_id)
    unique_rider(c, t, e.rider_id)
    hot_add(c, e, t)
end

function count.accept(c, e, t)
    active_on(c, 'drivers', t, e.driver_id)
end
count.assign = count.accept

function count.complete(c, e, t)
    board_add(c, 'trips', t, e.driver_id, 1)
    profile_drove(c, e.driver_id)
end

function count.rate(c, e)
    if e.by == 'rider' then profile_rated(c, e.driver_id, num_of(e.stars)) end
end

function count.settle(c, e, t, r)
    board_add(c, 'earnings', t, e.driver_id, r and num(r, 'final_minor'))
end

local CHANGES_HISTORY = {settle = true, rate = true, redrive = true}

-- What an entry asks for, after all that can fail was read and checked: a function to apply it.
local function plan(c, e, t)
    if not is_id(c, e.ride_id) then broken('the entry names no ride of this region') end
    local r = ride_read(c, e.ride_id)
    local recorded = r and (ENDED[e.to] or CHANGES_HISTORY[e.type])
    if recorded then history_check(c, r) end
    return function()
        if recorded then history_sync(c, r) end
        if count[e.type] then count[e.type](c, e, t, r) end
        return recorded and 'recorded' or 'counted'
    end
end

local function fields_of(flat)
    local e = {rider_id = '', driver_id = '', to = '', type = ''}
    for i = 1, #flat, 2 do e[flat[i]] = flat[i + 1] end
    return e
end

local function deliveries_of(c, group, entry)
    local pending = call('XPENDING', c.events, group, entry, entry, '1')[1]
    return pending and num_of(pending[4]) or 0
end

-- The entry becomes a dead letter, which can be applied again once its cause is gone.
local function give_up_entry(c, a, flat, words)
    local group, entry = a[1], a[2]
    local deliveries = deliveries_of(c, group, entry)
    if deliveries == 0 then return reply(c, 'stale_entry') end
    if deliveries < DELIVERIES_MAX then error({err = words}) end
    read('XLEN', K.RIDES_DEAD(c.tag))
    if call('XACK', c.events, group, entry) == 0 then return reply(c, 'stale_entry') end
    local e = fields_of(flat)
    local id = call('XADD', K.RIDES_DEAD(c.tag), 'MAXLEN', str_of(L.DEAD_MAX), '*', 'ride_id',
        e.ride_id or '', 'attempt', e.attempt or '', 'entry_id', entry, 'reason', 'projection',
        'deliveries', str_of(deliveries), 'entry', cjson.encode(e), 'at_ms', str_of(c.now),
        'version', e.version or '', 'first_error', '', 'first_error_ms', '', 'last_error',
        sub(gsub(words, '%c', ' '), 1, WORDS_MAX), 'last_error_ms', str_of(c.now), 'group', group,
        'day', a[3], 'week', a[4], 'cell', a[5])
    return reply(c, 'ok', nil, {'did', 'dead_letter', 'dead_id', id})
end

local function words_of(failure)
    return type(failure) == 'table' and failure.err or 'ERR ' .. str_of(failure)
end

-- group, entry, day and week of the event where it happened, the cell of the pickup or ''. Extra
-- `did`: recorded, counted or dead_letter.
declare('project', {}, function(c, a)
    local group, entry = a[1], a[2]
    entry_check(c, c.events, entry)
    local found = call('XRANGE', c.events, entry, entry)[1]
    if not found then
        call('XACK', c.events, group, entry)
        return reply(c, 'stale_entry')
    end
    local t = {day = a[3], week = a[4], cell = a[5]}
    local fine, apply_it = pcall(plan, c, fields_of(found[2]), t)
    if not fine then return give_up_entry(c, a, found[2], words_of(apply_it)) end
    if call('XACK', c.events, group, entry) == 0 then return reply(c, 'stale_entry') end
    return reply(c, 'ok', nil, {'did', apply_it()})
end)

-- dead letter. Applies the entry of one that this library gave up, once: if its removal counts.
declare('project_again', {}, function(c, a)
    local dead = K.RIDES_DEAD(c.tag)
    entry_check(c, dead, a[1])
    local found = call('XRANGE', dead, a[1], a[1])[1]
    local letter = fields_of(found and found[2] or {})
    if letter.reason ~= 'projection' then return reply(c, 'not_found') end
    local e = cjson.decode(letter.entry)
    local t = {day = letter.day, week = letter.week, cell = letter.cell}
    local apply_it = plan(c, e, t)
    if call('XDEL', dead, a[1]) == 0 then return reply(c, 'not_found') end
    return reply(c, 'ok', nil, {'did', apply_it()})
end)

-- What is asked ---------------------------------------------------------------------------------

-- trips or earnings, period, how many. Extra `board`: driver, value, driver, value, ...
declare('leaderboard', {'no-writes'}, function(c, a)
    local board = read('ZREVRANGE', K.LEADERBOARD(c.tag, a[1], a[2]), '0', str_of(num_of(a[3]) - 1),
        'WITHSCORES')
    return reply(c, 'ok', nil, {'board', board})
end)

-- trips or earnings, period, driver. His own row: `rank` from 1, `value`; rank 0 when he has none.
declare('leaderboard_of', {'no-writes'}, function(c, a)
    local key = K.LEADERBOARD(c.tag, a[1], a[2])
    local rank = read('ZREVRANK', key, a[3])
    return reply(c, 'ok', nil, {'rank', str_of(rank and rank + 1 or 0), 'value',
        rank and read('ZSCORE', key, a[3]) or '0'})
end)

-- How many were active on both days.
local function both_days(c, who, day, before)
    local scratch = K.LOGINS(c.tag, who, 'scratch')
    call('BITOP', 'AND', scratch, K.LOGINS(c.tag, who, day), K.LOGINS(c.tag, who, before))
    local n = call('BITCOUNT', scratch)
    call('DEL', scratch)
    return n
end

-- day, how many days before it follow, these days, further days. Extras: `active` riders and drivers of the
-- day; `retained`: for each of the days before it and each of the two, how many were active then and how
-- many of these on the day too; `unique_day`, and `unique_all` of the day and the further ones.
declare('stats', {}, function(c, a)
    local day, n = a[1], num_of(a[2])
    local active, retained, before, all = {}, {}, {}, {K.RIDERS(c.tag, day)}
    for i = 3, #a do
        if i - 2 <= n then before[#before + 1] = a[i] else all[#all + 1] = K.RIDERS(c.tag, a[i]) end
    end
    for _, who in ipairs({'riders', 'drivers'}) do
        for _, d in ipairs(before) do read('STRLEN', K.LOGINS(c.tag, who, d)) end
        read('STRLEN', K.LOGINS(c.tag, who, 'scratch'))
        active[#active + 1] = str_of(read('BITCOUNT', K.LOGINS(c.tag, who, day)))
    end
    local unique_day, unique_all = read('PFCOUNT', all[1]), read('PFCOUNT', unpack(all))
    for _, d in ipairs(before) do
        for _, who in ipairs({'riders', 'drivers'}) do
            retained[#retained + 1] = str_of(call('BITCOUNT', K.LOGINS(c.tag, who, d)))
            retained[#retained + 1] = str_of(both_days(c, who, day, d))
        end
    end
    return reply(c, 'ok', nil, {'active', active, 'retained', retained, 'unique_day',
        str_of(unique_day), 'unique_all', str_of(unique_all)})
end)

-- The cells where most rides began in this hour and the one before: `cells`: cell, rides, cell, rides, ...
-- Extra `supported` is 0 where the store has no Top-K.
declare('hot_cells', {'no-writes'}, function(c)
    local sums, order = {}, {}
    for _, ms in ipairs({c.now, c.now - 3600000}) do
        local key = K.HOT(c.tag, hour_of(ms))
        local list = try('TOPK.LIST', key, 'WITHCOUNT')
        if list.err and find(list.err, 'nknown') then
            return reply(c, 'ok', nil, {'supported', '0', 'cells', {}})
        end
        for i = 1, list.err and 0 or #list, 2 do
            if not sums[list[i]] then order[#order + 1] = list[i] end
            sums[list[i]] = (sums[list[i]] or 0) + num_of(list[i + 1])
        end
    end
    table.sort(order, function(x, y)
        return sums[x] > sums[y] or sums[x] == sums[y] and x < y
    end)
    local cells = {}
    for _, cell in ipairs(order) do
        cells[#cells + 1] = cell
        cells[#cells + 1] = str_of(sums[cell])
    end
    return reply(c, 'ok', nil, {'supported', '1', 'cells', cells})
end)

end
