-- History: a finished ride as one JSON document, listed by rider, by driver and by time. The
-- documents are JSON values where the store has them and plain strings of the same text where it has
-- not. The ride itself stays the truth while it lives; these are copies, made again whenever it changes.
local history_check, history_sync
do

local ERASED = 'erased' -- the rider of rides whose rider was forgotten

local WORDS = {'ride_id', 'rider_id', 'driver_id', 'status', 'created_status', 'product', 'note',
    'currency', 'quote_id', 'lease', 'timeline', 'cancelled_by', 'reason', 'driver_tags',
    'rider_tags'}
local NUMBERS = {'version', 'attempt', 'created_ms', 'updated_ms', 'pickup_at_ms', 'assigned_ms',
    'arrived_ms', 'started_ms', 'ended_ms', 'settled_ms', 'pickup_lat', 'pickup_lon', 'dropoff_lat',
    'dropoff_lon', 'end_lat', 'end_lon', 'stops_n', 'stops_done', 'distance_m', 'duration_s',
    'pickup_eta_s', 'quote_eta_s', 'fare_minor', 'fee_minor', 'final_minor', 'driver_stars',
    'rider_stars'}
local PARTS = {'pickup', 'dropoff', 'stops', 'constraints', 'fare', 'final_fare', 'driver_card'}

-- The ride without its secrets: no start code, no quote, nobody who was merely asked.
local function document(r)
    local out = {}
    local function add(name, json) out[#out + 1] = '"' .. name .. '":' .. json end
    for _, name in ipairs(WORDS) do
        if text(r, name) ~= '' then add(name, cjson.encode(text(r, name))) end
    end
    for _, name in ipairs(NUMBERS) do
        if match(text(r, name), '^%-?%d+%.?%d*$') then add(name, text(r, name)) end
    end
    for _, name in ipairs(PARTS) do
        local part = text(r, name)
        if part ~= '' and pcall(cjson.decode, part) then add(name, part) end
    end
    return '{' .. concat(out, ',') .. '}'
end

local function document_put(key, words)
    call('DEL', key)
    if is_error(try('JSON.SET', key, '$', words)) then call('SET', key, words) end
end

-- The document's text, or nil.
local function document_read(c, id)
    local key = K.HISTORY(c.tag, id)
    local kind = call('TYPE', key).ok
    if kind == 'none' then return nil end
    if kind == 'string' then return call('GET', key) end
    local words = try('JSON.GET', key)
    return type(words) == 'string' and words or nil
end

-- A filter answers for ids that were never in the history, so that asking for them costs one look.
-- Its no counts only while it is known to hold every id: it was begun with the history, which the
-- mark in it proves. One that was lost, or that missed an id, is asked no more until it is begun again.
local MARK = 'begun:'

local function filter_add(c, id)
    local known, notes = K.RIDES_KNOWN(c.tag), K.PROJECTION(c.tag)
    local begun = try('HGET', notes, 'filter')
    if type(begun) == 'string' then
        local has = try('BF.EXISTS', known, MARK .. begun)
        if has ~= 1 then
            try('HDEL', notes, 'filter')
            return
        end
    elseif call('ZCARD', K.RIDES_ENDED(c.tag)) > 0 then
        return
    else
        begun = str_of(c.now)
        call('DEL', known)
        if is_error(try('BF.ADD', known, MARK .. begun)) then return end
        try('HSET', notes, 'filter', begun)
    end
    if is_error(try('BF.ADD', known, id)) then try('HDEL', notes, 'filter') end
end

local function filter_denies(c, id)
    local begun = try('HGET', K.PROJECTION(c.tag), 'filter')
    if type(begun) ~= 'string' then return false end
    local has = try('BF.MEXISTS', K.RIDES_KNOWN(c.tag), MARK .. begun, id)
    return type(has) == 'table' and has[1] == 1 and has[2] == 0
end

local function indexes_of(c, rider, driver)
    local keys = {K.RIDES_ENDED(c.tag)}
    if rider ~= '' then keys[#keys + 1] = K.RIDES_OF(c.tag, 'rider', rider) end
    if driver ~= '' then keys[#keys + 1] = K.RIDES_OF(c.tag, 'driver', driver) end
    return keys
end

local function history_put(c, r)
    local indexes = indexes_of(c, text(r, 'rider_id'), text(r, 'driver_id'))
    filter_add(c, r.id)
    document_put(K.HISTORY(c.tag, r.id), document(r))
    for _, key in ipairs(indexes) do call('ZADD', key, str_of(num(r, 'ended_ms')), r.id) end
    call('PEXPIRE', r.key, str_of(max(1, num(r, 'ended_ms') + L.KEEP_MS - c.now)))
end

-- The lists that a document's own text names, each checked.
local function lists_with(c, words)
    local fine, doc = pcall(cjson.decode, words or '{}')
    if not fine or type(doc) ~= 'table' then doc = {} end
    local keys = indexes_of(c, doc.rider_id or '', doc.driver_id or '')
    for _, key in ipairs(keys) do read('ZCARD', key) end
    return keys
end

local function history_del(c, id, keys)
    for _, key in ipairs(keys) do call('ZREM', key, id) end
    call('DEL', K.HISTORY(c.tag, id))
end

-- Checks the keys that history_sync will write.
function history_check(c, r)
    for _, key in ipairs(indexes_of(c, text(r, 'rider_id'), text(r, 'driver_id'))) do
        read('ZCARD', key)
    end
    if not ENDED[r.fields.status] then r.lists = lists_with(c, document_read(c, r.id)) end
end

-- Makes the history agree with the ride, whatever of it was projected before: entries that are read
-- in another order than they were written come to the same end.
function history_sync(c, r)
    if ENDED[r.fields.status] then
        history_put(c, r)
    else
        history_del(c, r.id, r.lists)
    end
end

-- ride. The extra `document`; `filtered` is 1 when the filter alone could tell that there is none.
declare('history_get', {'no-writes'}, function(c, a)
    if not is_id(c, a[1]) then return reply(c, 'not_found') end
    if filter_denies(c, a[1]) then return reply(c, 'not_found', nil, {'filtered', '1'}) end
    local words = document_read(c, a[1])
    if not words then return reply(c, 'not_found') end
    return reply(c, 'ok', nil, {'document', words})
end)

local function list_key(c, whose, id)
    if whose == 'all' then return K.RIDES_ENDED(c.tag) end
    if whose ~= 'rider' and whose ~= 'driver' then broken('a list of rides is rider, driver or all') end
    return K.RIDES_OF(c.tag, whose, id)
end

-- 'rider', 'driver' or 'all'; whose; cursor or ''; how many. Newest first. A cursor is when the last
-- ride shown ended, and its id: where that ride has left the list meanwhile, its time still stands.
declare('history_list', {'no-writes'}, function(c, a)
    local key, limit = list_key(c, a[1], a[2]), num_of(a[4])
    local from = 0
    local ended, last = match(a[3], '^(%d+)%.(.+)$')
    if ended then
        local rank = read('ZREVRANK', key, last)
        from = rank and rank + 1 or call('ZCOUNT', key, '(' .. ended, '+inf')
    end
    local found = read('ZREVRANGE', key, str_of(from), str_of(from + limit), 'WITHSCORES')
    local documents = {}
    for i = 1, min(#found, 2 * limit), 2 do
        documents[#documents + 1] = document_read(c, found[i])
    end
    local next = ''
    if #found > 2 * limit then
        next = floor(num_of(found[2 * limit])) .. '.' .. found[2 * limit - 1]
    end
    return reply(c, 'ok', nil, {'documents', documents, 'next', next})
end)

-- before_ms, how many. The oldest rides that ended before then: `documents`, oldest first, and how
-- many there are in all. One whose document is gone or is no text counts as an empty one.
declare('archive_due', {'no-writes'}, function(c, a)
    local key, before = K.RIDES_ENDED(c.tag), '(' .. a[1]
    local ids = read('ZRANGEBYSCORE', key, '-inf', before, 'LIMIT', '0', a[2])
    local documents = {}
    for i, id in ipairs(ids) do documents[i] = document_read(c, id) or '' end
    return reply(c, 'ok', nil, {'rides', ids, 'documents', documents,
        'due', str_of(read('ZCOUNT', key, '-inf', before))})
end)

-- ride, version, ride, version, ... Drops documents that were archived; one that has changed since
-- is kept and will be archived again. Extra `dropped`.
declare('archive_drop', {}, function(c, a)
    local doomed = {}
    for i = 1, #a, 2 do
        if not is_id(c, a[i]) then return reply(c, 'invalid_value') end
        local words = document_read(c, a[i])
        if not words or (match(words, '"version":(%d+)') or '') == a[i + 1] then
            doomed[#doomed + 1] = {a[i], lists_with(c, words)}
        end
    end
    for _, d in ipairs(doomed) do history_del(c, d[1], d[2]) end
    return reply(c, 'ok', nil, {'dropped', str_of(#doomed)})
end)

-- What is left of a ride when its rider is forgotten: what it was for drivers and books, about where,
-- and nobody's words. The places lose what lies behind the second decimal, about a kilometre.
local function forgotten(words)
    local fine, doc = pcall(cjson.decode, words)
    if not fine or type(doc) ~= 'table' then return nil end
    local function coarse(at) return floor(at * 100 + 0.5) / 100 end
    for _, name in ipairs({'note', 'stops', 'quote_id', 'lease', 'constraints', 'rider_tags'}) do
        doc[name] = nil
    end
    for _, name in ipairs({'pickup_lat', 'pickup_lon', 'dropoff_lat', 'dropoff_lon', 'end_lat',
            'end_lon'}) do
        if num_of(doc[name]) then doc[name] = coarse(doc[name]) end
    end
    for _, name in ipairs({'pickup', 'dropoff'}) do
        if type(doc[name]) == 'table' and num_of(doc[name].lat) and num_of(doc[name].lon) then
            doc[name] = {lat = coarse(doc[name].lat), lon = coarse(doc[name].lon)}
        end
    end
    doc.rider_id = ERASED
    return cjson.encode(doc)
end

-- rider, how many. Forgets a rider who has no ride to come: history keeps his rides as nobody's, the
-- live rides that are over go with their streams, and so does what else is his. Called again until
-- `left` is 0. Extras `rides`, `live` and `keys`: what this call has erased.
declare('erase_rider', {}, function(c, a)
    local rider, limit = a[1], num_of(a[2])
    if rider == '' or rider == ERASED or not match(rider, '^[%w_.-]+$') then
        return reply(c, 'invalid_value')
    end
    local state = read('HMGET', K.RIDER_STATE(c.tag, rider), 'ride', 'scheduled')
    if state[1] or state[2] then return reply(c, 'active_ride_exists') end
    local key = K.RIDES_OF(c.tag, 'rider', rider)
    local ids = read('ZRANGE', key, '0', str_of(limit - 1))
    read('ZCARD', K.RIDES_ENDED(c.tag))
    local rides, live, keys = 0, 0, 0
    for _, id in ipairs(ids) do
        local words = document_read(c, id)
        local left = words and forgotten(words)
        if left then
            document_put(K.HISTORY(c.tag, id), left)
            rides = rides + 1
        elseif words then
            history_del(c, id, {K.RIDES_ENDED(c.tag)}) -- not to be read: nothing to keep
            rides = rides + 1
        end
        live = live + call('DEL', K.RIDE(c.tag, id))
        call('DEL', K.RIDE_EVENTS(c.tag, id), K.MATCH_TRACE(c.tag, id), K.TRAIL(c.tag, id))
        call('ZREM', key, id)
    end
    local left = call('ZCARD', key)
    if left == 0 then
        keys = call('DEL', K.RIDER_STATE(c.tag, rider))
        local mapped = try('HDEL', K.DENSE(c.tag, 'riders'), rider)
        if mapped == 1 then keys = keys + 1 end
    end
    return reply(c, 'ok', nil, {'rides', str_of(rides), 'live', str_of(live), 'keys', str_of(keys),
        'left', str_of(left)})
end)

end
