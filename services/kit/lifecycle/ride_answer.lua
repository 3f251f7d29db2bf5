-- The driver's answer to an offer.

-- What a driver is told whose offer is not the ride's open one.
local function late_answer(c, r, driver, offer)
    local how = lease_ended(r, offer, driver)
    if how == 'swap' then return ride_reply(c, 'stale_lease', r) end
    local missed = how == 'offer_timeout' or how == 'driver_dark'
    if how == nil and not is_excluded(r, driver) then return reply(c, 'not_found') end
    if how == 'taken' or how == nil and text(r, 'driver_id') ~= '' then
        return ride_reply(c, 'ride_taken', r)
    end
    if missed or how == nil then return ride_reply(c, 'offer_expired', r) end
    if text(r, 'driver_id') ~= '' and text(r, 'lease') ~= offer then
        return ride_reply(c, 'ride_taken', r)
    end
    return ride_reply(c, 'offer_revoked', r)
end

local function version_holds(r, wanted)
    return wanted == '' or wanted == '0' or wanted == r.fields.version
end

-- Whether this driver is one of those to whom the offer stands open.
local function is_offered(r, driver, offer)
    return text(r, 'offer') == offer and
        find(' ' .. text(r, 'offer_driver') .. ' ', ' ' .. driver .. ' ', 1, true) ~= nil
end

-- ride, driver, offer, if_version. The first of several wins; the others' offer is taken back.
declare('ride_accept', {}, function(c, a)
    local r = ride_load(c, a[1])
    if not r then return reply(c, 'not_found') end
    local f = r.fields
    if text(r, 'lease') == a[3] and text(r, 'driver_id') == a[2] then
        return ride_reply(c, 'ok', r, {'replayed', '1'})
    end
    if not RIDE.accept[f.status] or not is_offered(r, a[2], a[3]) then
        return late_answer(c, r, a[2], a[3])
    end
    if not version_holds(r, a[4]) then return ride_reply(c, 'version_conflict', r) end
    if c.now > num(r, 'offer_expires_ms') + L.OFFER_GRACE_MS + max(c.late, 0) then
        return ride_reply(c, 'offer_expired', r)
    end
    local winner, rest = nil, {}
    for _, d in ipairs(holders(c, r)) do
        if d.id == a[2] then winner = d else rest[#rest + 1] = d end
    end
    if not winner or not DRIVER.accept[winner.fields.state] then
        return ride_reply(c, 'offer_revoked', r)
    end

    ride_move(c, r, RIDE.accept[f.status])
    put(r, 'offer_driver', gsub(text(r, 'offer_driver'), '%S+', function(id)
        return id == winner.id and '' or nil
    end))
    offer_close(r, 'taken')
    put(r, 'pickup_eta_s', text(winner, 'offer_eta_s'))
    hold(c, r, winner, 'accept', a[3])
    ride_commit(c, r, 'accept', winner.id, a[3])
    driver_commit(c, winner)
    soon_out(winner)
    disarm(c, r, 'deadline', 'offer')
    arm(c, 'pickup', r.id, c.now + L.PICKUP_WATCH_MS)
    free_all(c, rest)
    tell_driver(c, r, winner.id, 'ride.updated', 'accept')
    for _, d in ipairs(rest) do tell_revoked(c, r, d.id, 'accept', a[3]) end
    return ride_reply(c, 'ok', r)
end)

-- ride, driver, offer, if_version.
declare('ride_decline', {}, function(c, a)
    local r = ride_load(c, a[1])
    if not r then return reply(c, 'not_found') end
    if lease_ended(r, a[3], a[2]) == 'decline' then
        return ride_reply(c, 'ok', r, {'replayed', '1'})
    end
    if text(r, 'lease') == a[3] and text(r, 'driver_id') == a[2] then
        return ride_reply(c, 'illegal_transition', r)
    end
    if not RIDE.decline[r.fields.status] or not is_offered(r, a[2], a[3]) then
        return late_answer(c, r, a[2], a[3])
    end
    if not version_holds(r, a[4]) then return ride_reply(c, 'version_conflict', r) end
    read('XLEN', K.RIDES_INCOMING(c.tag))
    local his = nil
    for _, d in ipairs(holders(c, r)) do
        if d.id == a[2] then his = d end
    end
    offer_lose(c, r, a[2], 'decline', function()
        if not his then return end
        put(his, 'ignored', '')
        holder_free(c, his)
    end)
    return ride_reply(c, 'ok', r)
end)
