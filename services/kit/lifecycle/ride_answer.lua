-- The driver's answer to an offer.

-- What a driver is told whose offer is not the ride's open one.
local function late_answer(c, r, driver, offer)
    if was_swapped(r, driver) then return ride_reply(c, 'stale_lease', r) end
    if text(r, 'last_offer') == offer and text(r, 'last_offer_driver') == driver then
        local how = text(r, 'last_offer_end')
        if how == 'offer_timeout' or how == 'driver_dark' then
            return ride_reply(c, 'offer_expired', r)
        end
        return ride_reply(c, 'offer_revoked', r)
    end
    if not is_excluded(r, driver) then return reply(c, 'not_found') end
    if text(r, 'driver_id') ~= '' then return ride_reply(c, 'ride_taken', r) end
    return ride_reply(c, 'offer_expired', r)
end

local function version_holds(r, wanted)
    return wanted == '' or wanted == '0' or wanted == r.fields.version
end

-- ride, driver, offer, if_version.
declare('ride_accept', {}, function(c, a)
    local r = ride_load(c, a[1])
    if not r then return reply(c, 'not_found') end
    local f = r.fields
    if text(r, 'lease') == a[3] and text(r, 'driver_id') == a[2] then
        return ride_reply(c, 'ok', r, {'replayed', '1'})
    end
    if not RIDE.accept[f.status] or text(r, 'offer') ~= a[3] or text(r, 'offer_driver') ~= a[2] then
        return late_answer(c, r, a[2], a[3])
    end
    if not version_holds(r, a[4]) then return ride_reply(c, 'version_conflict', r) end
    if c.now > num(r, 'offer_expires_ms') + L.OFFER_GRACE_MS + max(c.late, 0) then
        return ride_reply(c, 'offer_expired', r)
    end
    local d = driver_load(c, a[2])
    if not DRIVER.accept[d.fields.state] or text(d, 'offer') ~= a[3] then
        return ride_reply(c, 'offer_revoked', r)
    end

    ride_move(c, r, RIDE.accept[f.status])
    offer_close(r, 'accept')
    hold(c, r, d, 'accept', a[3])
    ride_commit(c, r, 'accept', d.id, a[3])
    driver_commit(c, d)
    disarm(c, r, 'deadline', 'offer')
    arm(c, 'pickup', r.id, c.now + L.PICKUP_WATCH_MS)
    tell_driver(c, r, d.id, 'ride.updated', 'accept')
    return ride_reply(c, 'ok', r)
end)

-- ride, driver, offer, if_version.
declare('ride_decline', {}, function(c, a)
    local r = ride_load(c, a[1])
    if not r then return reply(c, 'not_found') end
    if text(r, 'last_offer') == a[3] and text(r, 'last_offer_driver') == a[2] and
        text(r, 'last_offer_end') == 'decline' then
        return ride_reply(c, 'ok', r, {'replayed', '1'})
    end
    if text(r, 'lease') == a[3] and text(r, 'driver_id') == a[2] then
        return ride_reply(c, 'illegal_transition', r)
    end
    if not RIDE.decline[r.fields.status] or text(r, 'offer') ~= a[3] or
        text(r, 'offer_driver') ~= a[2] then
        return late_answer(c, r, a[2], a[3])
    end
    if not version_holds(r, a[4]) then return ride_reply(c, 'version_conflict', r) end
    local d = holder(c, r)
    read('XLEN', K.RIDES_INCOMING(c.tag))
    requeue(c, r, a[2], 'decline', function() if d then holder_free(c, d) end end)
    return ride_reply(c, 'ok', r)
end)
