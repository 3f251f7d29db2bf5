-- Exchanging drivers between rides whose drivers are still on their way to them.

-- Whether this driver is on his way to this ride, by his own record.
local function on_his_way(d, r)
    return DRIVER.swap[d.fields.state] and text(d, 'ride') == r.id and
        text(d, 'lease') == text(r, 'lease') and text(d, 'dark_ms') == ''
end

-- Why the ride cannot be given to d, who is on his way to another; or nil.
local function unfit(r, d)
    if num(r, 'swaps') >= L.SWAPS_MAX then return 'swaps' end
    if text(r, 'constraints') ~= '' then return 'constraints' end
    if is_excluded(r, d.id) then return 'excluded' end
    if not find(',' .. text(d, 'products') .. ',', ',' .. text(r, 'product') .. ',', 1, true) then
        return 'product'
    end
    return nil
end

-- The rides of the exchange, each with the driver it shall get; or nil and the reply. `a` as below.
local function swap_open(c, a, n)
    local legs, drivers = {}, {}
    local function refuse(code, id, reason)
        return nil, reply(c, code, nil, {'ride_id', id, 'reason', reason or code})
    end
    for i = 1, n do
        local id, version, lease, to, eta = unpack(a, i * 5 - 4, i * 5)
        local r = ride_load(c, id)
        if not r then return refuse('not_found', id) end
        if not RIDE.swap[r.fields.status] then return refuse('illegal_transition', id) end
        if text(r, 'lease') ~= lease then return refuse('stale_lease', id) end
        if r.fields.version ~= version then return refuse('version_conflict', id) end
        local d = driver_load(c, text(r, 'driver_id'))
        if not on_his_way(d, r) then return refuse('driver_unavailable', id, 'not_on_his_way') end
        if drivers[d.id] then broken('an exchange names a ride twice') end
        drivers[d.id] = d
        legs[i] = {r = r, was = d.id, to = to, eta = eta}
    end
    for _, leg in ipairs(legs) do
        local d = drivers[leg.to]
        if not d or leg.to == leg.was then
            broken('an exchange gives each ride the driver of another')
        end
        drivers[leg.to] = nil
        leg.d = d
        local reason = unfit(leg.r, d)
        if reason then return refuse('driver_unavailable', leg.r.id, reason) end
    end
    return legs
end

-- ride, version, lease, driver, eta_s, for each ride: they keep their drivers among them, in
-- another order. All of it happens or nothing; each ride gets a new lease.
declare('ride_swap', {}, function(c, a)
    local n = #a / 5
    if n < 2 or n > L.SWAP_RIDES or n ~= floor(n) then
        broken('ride_swap takes five arguments for each of 2 to ' .. L.SWAP_RIDES .. ' rides')
    end
    local legs, no = swap_open(c, a, n)
    if not legs then return no end
    for _, leg in ipairs(legs) do
        local r, offers = leg.r, num(leg.r, 'offers') + 1
        ride_move(c, r, RIDE.swap.assigned)
        timeline_add(c, r)
        put(r, 'offers', offers)
        put(r, 'swaps', num(r, 'swaps') + 1)
        lease_end(r, text(r, 'lease'), leg.was, 'swap')
        watch_clear(r)
        put(r, 'pickup_eta_s', leg.eta)
        leg.lease = r.id .. '.' .. offers
        hold(c, r, leg.d, 'swap', leg.lease)
    end
    for _, leg in ipairs(legs) do
        ride_commit(c, leg.r, 'swap', leg.to, leg.lease, {'swap_rides', str_of(n), 'was', leg.was})
        driver_commit(c, leg.d)
        arm(c, 'pickup', leg.r.id, c.now + L.PICKUP_WATCH_MS)
        tell_driver(c, leg.r, leg.to, 'ride.updated', 'swap')
    end
    return reply(c, 'ok')
end)
