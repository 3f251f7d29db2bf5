-- The way to the pickup, and the end of a trip coming near: what a driver's position says about
-- his ride. Timers ask every PICKUP_WATCH_MS; pings have moved him meanwhile.

local EARTH_M = 6372797.56
-- Road metres for one of straight line; as ETA_DETOUR in core/eta.h.
local DETOUR = 1.3

local function distance_m(lat1, lon1, lat2, lon2)
    local rad = math.pi / 180
    local u = math.sin((lat2 - lat1) * rad / 2)
    local v = math.sin((lon2 - lon1) * rad / 2)
    local h = u * u + math.cos(lat1 * rad) * math.cos(lat2 * rad) * v * v
    return 2 * EARTH_M * math.asin(math.sqrt(min(1, h)))
end

-- The verdict on a driver `d_m` from the pickup, who came as near as best_m before and has made no
-- way for still_ms, `passed_ms` after the last look. Gives the new best_m and still_ms and one of
-- nil (he comes), 'warn', 'release'. Time counts at most twice the usual pause between two looks,
-- so that nobody is blamed for an outage; it counts double for who drives away.
local function watch(d_m, best_m, still_ms, passed_ms)
    if d_m <= L.NEAR_M then return min(d_m, best_m or d_m), 0, nil end
    if not best_m or d_m <= best_m - L.PROGRESS_M then return d_m, 0, nil end
    local away = d_m >= best_m + L.RETREAT_M
    local still = still_ms + max(0, min(passed_ms, 2 * L.PICKUP_WATCH_MS)) * (away and 2 or 1)
    if still >= L.STALL_MS + L.STALL_GRACE_MS then return best_m, still, 'release', away end
    return best_m, still, still >= L.STALL_MS and 'warn' or nil, away
end

-- One look at a driver who should be on his way: nil, or why he is to be warned or to lose the
-- ride. Puts what it saw.
local function watch_look(c, r, d)
    local dark = num_of(text(d, 'dark_ms'))
    if dark then
        if c.now - dark >= L.PICKUP_DARK_MS then return 'release', 'driver_dark' end
        return 'warn', 'driver_dark'
    end
    if not d.position then return nil end
    local at = distance_m(num_of(d.position[2]), num_of(d.position[1]), num(r, 'pickup_lat'),
        num(r, 'pickup_lon'))
    local passed = c.now - (num_of(text(r, 'watch_ms')) or c.now)
    local best, still, what, away = watch(at, num_of(text(r, 'watch_best_m')),
        num(r, 'watch_still_s') * 1000, passed)
    put(r, 'watch_best_m', floor(best))
    put(r, 'watch_still_s', still / 1000)
    put(r, 'watch_ms', c.now)
    return what, away and 'driver_retreated' or 'driver_stalled'
end

-- A ride that waits for its driver to finish another one: not for ever.
local function watch_queued(c, r, d)
    local dark = num_of(text(d, 'dark_ms'))
    if dark and c.now - dark >= L.PICKUP_DARK_MS then return 'release', 'driver_dark' end
    if c.now - num(r, 'assigned_ms') >= L.QUEUED_MS then return 'release', 'driver_stalled' end
    return nil
end

-- The pickup watchdog. Who does not come is warned first, and then loses the ride.
function apply.pickup(c, r)
    if r.fields.status ~= 'assigned' then return nil end
    local d = driver_load(c, text(r, 'driver_id'))
    driver_place(c, d)
    local look = text(r, 'queued') ~= '' and watch_queued or watch_look
    local what, why = look(c, r, d)
    if what == 'release' then
        release(c, r, why, why)
        return why
    end
    local was = text(r, 'warned')
    if what == 'warn' and was == '' then
        put(r, 'warned', why)
    elseif not what and was ~= '' then
        put(r, 'warned', '')
    end
    if #r.set > 0 then call('HSET', r.key, unpack(r.set)) end
    arm(c, 'pickup', r.id, c.now + L.PICKUP_WATCH_MS)
    if what ~= 'warn' or was ~= '' then return 'rearmed' end
    tell_driver(c, r, d.id, 'warning', why, ',"reason":"' .. why .. '"')
    return 'warned'
end

-- How long the driver still needs to the end of the ride, at the pace that was quoted; nil when it
-- cannot be told, or stops are still to come.
local function remaining_s(r, d)
    local pace_m = num(r, 'distance_m')
    if not d.position or pace_m <= 0 or num(r, 'stops_done') < num(r, 'stops_n') then return nil end
    local left = distance_m(num_of(d.position[2]), num_of(d.position[1]), num(r, 'dropoff_lat'),
        num(r, 'dropoff_lon'))
    return left * DETOUR * num(r, 'trip_s') / pace_m
end

-- A driver who ends his trip within SOON_S may be offered the next ride already.
function apply.soon(c, r)
    if r.fields.status ~= 'in_progress' then return nil end
    local d = driver_load(c, text(r, 'driver_id'))
    if text(d, 'ride') ~= r.id or text(d, 'soon_ms') ~= '' then return nil end
    driver_place(c, d)
    local left = remaining_s(r, d)
    if not left or left > L.SOON_S then return nil, c.now + L.PICKUP_WATCH_MS end
    put(d, 'soon_ms', c.now)
    put(d, 'free_at_ms', floor(c.now + left * 1000))
    put(d, 'soon_lat', text(r, 'dropoff_lat'))
    put(d, 'soon_lon', text(r, 'dropoff_lon'))
    driver_commit(c, d)
    idle_in(c, d)
    call('ZREM', c.timers, 'soon:' .. r.id)
    return 'soon'
end
