-- Every change of ride and driver state is one function of this library. A function first reads
-- and checks everything (existence, types, numbers), then writes; after its first write nothing
-- may fail, so a call happens whole or not at all. Each is called with the region's outbox as its
-- only key; the other keys carry the same hash tag and are derived here.
--
-- A reply is {code, ride, extras}: a word, the ride as flat fields and values (the current one on
-- conflicts), and flat names and values. The tables K (keys), L (limits), RIDE and DRIVER (moves:
-- event -> from -> to) are generated in front of this text from keys.def and ride_state.def.

-- While a library is loaded nothing but redis.register_function exists: these are set by the
-- first call.
local call, try, num_of, str_of, floor, max, min, find, match, gmatch, gsub, sub, concat

local function setup()
    call, try = redis.call, redis.pcall
    num_of, str_of = tonumber, tostring
    floor, max, min = math.floor, math.max, math.min
    find, match, gmatch = string.find, string.match, string.gmatch
    gsub, sub = string.gsub, string.sub
    concat = table.concat
end

local GROUP = 'matchers'
local WORDS_MAX = 200 -- of an error that is noted

-- Ends the call with an error reply; only before the first write.
local function broken(text)
    error({err = 'ERR ' .. text})
end

-- What an error says, as an error reply begins.
local function error_words(thrown)
    local words = type(thrown) == 'table' and thrown.err or str_of(thrown)
    return match(words, '^%u+ ') and words or 'ERR ' .. words
end

-- Whether what try() gave is an error.
local function is_error(reply)
    return type(reply) == 'table' and reply.err ~= nil
end

-- A command that only reads. A key of the wrong type ends the call here, with its name, before
-- anything was written: so every key a function writes is first read with a command of its type.
local function read(command, key, ...)
    local reply = try(command, key, ...)
    if type(reply) == 'table' and reply.err then
        error({err = reply.err .. ' (key ' .. key .. ')'})
    end
    return reply
end

-- The same for a key that the whole region shares: asked once a call, however many rides it is about.
local function check(c, command, key)
    if c.checked[key] then return end
    read(command, key)
    c.checked[key] = true
end

-- What every function needs: the region's tag, the time, the generation. `late` is how long the
-- heartbeat has been missing when that is an outage: deadlines have not been moved yet.
local function open(keys)
    local tag = match(keys[1] or '', '^rides:events:({[a-z0-9_]+})$')
    if not tag then broken('the only key must be rides:events:{region}') end
    local t = call('TIME')
    local now = num_of(t[1]) * 1000 + floor(num_of(t[2]) / 1000)
    local clock = read('HMGET', K.CLOCK(tag), 'beat_ms', 'generation', 'run_id')
    local beat = num_of(clock[1])
    local late = 0
    if beat and (now - beat > L.GAP_MS or beat - now > L.GAP_MS) then late = now - beat end
    return {tag = tag, events = keys[1], timers = K.TIMERS(tag), now = now, late = late,
            checked = {},
            beat = beat, generation = num_of(clock[2]) or 1, run_id = clock[3]}
end

local function reply(c, code, ride, extras)
    extras = extras or {}
    if c.many then return {code, ride or {}, extras} end
    extras[#extras + 1] = 'now_ms'
    extras[#extras + 1] = str_of(c.now)
    extras[#extras + 1] = 'generation'
    extras[#extras + 1] = str_of(c.generation)
    extras[#extras + 1] = 'revision'
    extras[#extras + 1] = REVISION
    return {code, ride or {}, extras}
end

-- A latitude and longitude that GEOADD will take, or nothing.
local function point(lat, lon)
    lat, lon = num_of(lat), num_of(lon)
    if not lat or not lon then return nil end
    if lat ~= lat or lon ~= lon then return nil end
    if lat < -85 or lat > 85 or lon < -180 or lon > 180 then return nil end
    return {lat = lat, lon = lon}
end

-- A ride or driver id of this region. Ids stand in keys, in lists between spaces and inside JSON.
local function is_id(c, text)
    if text == nil or #text > 64 or not match(text, '^[%w_.-]+$') then return false end
    return '{' .. (match(text, '^([^-]*)-') or '') .. '}' == c.tag
end

-- A stream entry's id, small enough for every command that takes one.
local function is_entry(text)
    local ms, seq = match(text or '', '^(%d+)%-(%d+)$')
    return ms ~= nil and #ms <= 15 and #seq <= 15
end

-- Checks what an acknowledgement will need; '' acknowledges nothing.
local function entry_check(c, stream, entry)
    check(c, 'XLEN', stream)
    if entry ~= '' and not is_entry(entry) then broken('that is no entry of ' .. stream) end
end

local functions = {}

-- Declares one function of the library. Errors leave it as error replies.
local function declare(name, flags, body)
    functions[#functions + 1] = {name, flags, body}
end
