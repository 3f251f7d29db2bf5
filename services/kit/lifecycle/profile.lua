-- Profiles: what is known of a driver beside his state. A JSON document a driver, written by paths, so that
-- an index can follow it and what others keep in it stays; where the store has no JSON, a hash. Callers see
-- flat fields and values either way, with lists between commas. No state is in it: that is
-- driver-state's, and is read beside it.
local profile_rated, profile_drove
do

local function list_json(list)
    local out = {}
    for word in gmatch(list or '', '[^,]+') do out[#out + 1] = cjson.encode(word) end
    return '[' .. concat(out, ',') .. ']'
end

local function words_of(list)
    local out = {}
    for _, word in ipairs(type(list) == 'table' and list or {}) do
        if type(word) == 'string' then out[#out + 1] = word end
    end
    return concat(out, ',')
end

-- The members that these fields are kept in: {name, JSON}, the ones that say nothing left out.
local function members_of(f)
    local out = {{'name', cjson.encode(f.name or '')}, {'vehicle', '{"make":' .. cjson.encode(f.make or '') ..
        ',"model":' .. cjson.encode(f.model or '') .. ',"plate":' .. cjson.encode(f.plate or '') ..
        ',"color":' .. cjson.encode(f.color or '') .. '}'},
        {'products', list_json(f.products)}, {'languages', list_json(f.languages)},
        {'accessible', f.accessible == '1' and 'true' or 'false'}}
    if num_of(f.rating) then out[#out + 1] = {'rating', f.rating} end
    return out
end

local function document_new(id, f)
    local out = {'"driver_id":' .. cjson.encode(id)}
    for _, m in ipairs(members_of(f)) do out[#out + 1] = '"' .. m[1] .. '":' .. m[2] end
    for _, name in ipairs({'ratings', 'completed_trips'}) do
        out[#out + 1] = '"' .. name .. '":' .. (match(f[name] or '', '^%d+$') or '0')
    end
    return '{' .. concat(out, ',') .. '}'
end

-- The document as fields; what is of another type than it should be is left out.
local function fields_in(words)
    local fine, doc = pcall(cjson.decode, words)
    if not fine or type(doc) ~= 'table' then return {} end
    local car = type(doc.vehicle) == 'table' and doc.vehicle or {}
    local out = {products = words_of(doc.products), languages = words_of(doc.languages),
        accessible = doc.accessible == true and '1' or '0'}
    local function take(name, value)
        if type(value) == 'string' or type(value) == 'number' then out[name] = str_of(value) end
    end
    for _, name in ipairs({'name', 'rating', 'ratings', 'completed_trips'}) do take(name, doc[name]) end
    for _, name in ipairs({'make', 'model', 'plate', 'color'}) do take(name, car[name]) end
    return out
end

-- The fields of a profile, none when there is no such driver.
local function profile_read(c, id)
    local key = K.DRIVER(c.tag, id)
    local kind = call('TYPE', key).ok
    if kind == 'none' then return {} end
    if kind == 'hash' then
        local flat, out = call('HGETALL', key), {}
        for i = 1, #flat, 2 do out[flat[i]] = flat[i + 1] end
        return out
    end
    local words = read('JSON.GET', key)
    return type(words) == 'string' and fields_in(words) or {}
end

local function flat(fields)
    local out = {}
    for name, value in pairs(fields) do
        out[#out + 1] = name
        out[#out + 1] = value
    end
    return out
end

-- Whether the store has JSON: asked of a key that may be a hash.
local function has_json(key)
    local reply = try('JSON.GET', key)
    return not is_error(reply) or not find(reply.err, 'nknown', 1, true)
end

-- driver, then fields and values. What is not named stays: without a rating that is the one that riders gave.
declare('driver_profile_put', {}, function(c, a)
    local id, f = a[1], {}
    if not is_id(c, id) or #a % 2 == 0 then return reply(c, 'invalid_value') end
    for i = 2, #a, 2 do f[a[i]] = a[i + 1] end
    local key = K.DRIVER(c.tag, id)
    local kind = call('TYPE', key).ok
    if kind ~= 'none' and kind ~= 'hash' then
        read('JSON.GET', key)
        for _, m in ipairs(members_of(f)) do call('JSON.SET', key, '$.' .. m[1], m[2]) end
    elseif has_json(key) then
        local all = profile_read(c, id)
        for name, value in pairs(f) do all[name] = value end
        call('DEL', key)
        call('JSON.SET', key, '$', document_new(id, all))
    else
        call('HSET', key, unpack(flat(f)))
    end
    return reply(c, 'ok')
end)

-- Drivers. Extra `profiles`: of each the fields and values, none when he is not known.
declare('driver_profiles', {'no-writes'}, function(c, a)
    local out = {}
    for i, id in ipairs(a) do
        if not is_id(c, id) then return reply(c, 'invalid_value') end
        out[i] = flat(profile_read(c, id))
    end
    return reply(c, 'ok', nil, {'profiles', out})
end)

-- The same, and of each his `states` and his `places` ('lat lon', or '' when he is not on the road).
declare('driver_rows', {'no-writes'}, function(c, a)
    local profiles, states, places = {}, {}, {}
    for i, id in ipairs(a) do
        if not is_id(c, id) then return reply(c, 'invalid_value') end
        local at = read('GEOPOS', K.DRIVERS_ACTIVE(c.tag), id)[1]
        profiles[i] = flat(profile_read(c, id))
        states[i] = read('HGET', K.DRIVER_STATE(c.tag, id), 'state') or 'offline'
        places[i] = at and at[2] .. ' ' .. at[1] or ''
    end
    return reply(c, 'ok', nil, {'profiles', profiles, 'states', states, 'places', places})
end)

-- A mean that one ride cannot tip and that follows how he drives now: the rating he began with weighs
-- as ten, all that came before as 500 at most.
local RATING_WEIGHT_MIN, RATING_WEIGHT_MAX = 10, 500

function profile_rated(c, driver, stars)
    local key = K.DRIVER(c.tag, driver)
    local fine, now = pcall(profile_read, c, driver)
    local rating = fine and num_of(now.rating)
    if not rating or not stars then return end
    local n = num_of(now.ratings) or 0
    local weight = max(RATING_WEIGHT_MIN, min(n, RATING_WEIGHT_MAX))
    local mean = string.format('%.4f', (rating * weight + stars) / (weight + 1))
    if call('TYPE', key).ok == 'hash' then
        call('HSET', key, 'rating', mean, 'ratings', str_of(n + 1))
    else
        call('JSON.SET', key, '$.rating', mean)
        call('JSON.SET', key, '$.ratings', str_of(n + 1))
    end
end

function profile_drove(c, driver)
    local key = K.DRIVER(c.tag, driver)
    local kind = call('TYPE', key).ok
    if kind == 'hash' then
        if try('HEXISTS', key, 'rating') == 1 then try('HINCRBY', key, 'completed_trips', '1') end
    elseif kind ~= 'none' then
        try('JSON.NUMINCRBY', key, '$.completed_trips', '1')
    end
end

end
