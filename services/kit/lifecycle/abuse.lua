-- How often somebody may do what costs others. A sketch counts everybody in windows of ten minutes, so that
-- names which strangers make up take no memory. It counts too many or right, never too few: who stays
-- under the burst there is let pass. Only who stands out gets a bucket, which is exact: so a name that
-- merely shares its places in the sketch is not refused. Without sketches it is the buckets alone.
local abuse_check
do

local WINDOW_MS, WIDTH, DEPTH = 600000, '4000', '5'

-- How often in this window and the one before, this time included, for all we know; nil without sketches.
local function counted(c, what)
    local window = floor(c.now / WINDOW_MS)
    local key = K.ABUSE(c.tag, str_of(window))
    local n = try('CMS.INCRBY', key, what, '1')
    if is_error(n) then
        if find(n.err, 'nknown', 1, true) then return nil end
        if is_error(try('CMS.INITBYDIM', key, WIDTH, DEPTH)) then return nil end
        try('PEXPIRE', key, str_of(2 * WINDOW_MS))
        n = try('CMS.INCRBY', key, what, '1')
        if is_error(n) then return nil end
    end
    local before = try('CMS.QUERY', K.ABUSE(c.tag, str_of(window - 1)), what)
    return n[1] + (is_error(before) and 0 or before[1])
end

-- A bucket of `burst` uses that fills at per_min a minute, kept as the time when it is full again. 0 and a
-- use less, or how long (ms) to wait for one.
local function bucket_take(c, what, per_min, burst)
    local key = K.BUCKET(c.tag, what)
    local every = 60000 / per_min
    local full = max(num_of(read('GET', key) or nil) or 0, c.now) + every
    local wait = full - c.now - every * burst
    if wait > 0 then return wait end
    call('SET', key, str_of(floor(full)), 'PX', str_of(max(1, floor(full - c.now))))
    return 0
end

-- Counts one use of `what` ("create:r7"). limit is 'per_min burst', '' limits nothing. 0, or how long (ms) to
-- wait. It writes: for when all else was checked.
function abuse_check(c, what, limit)
    local per_min, burst = match(limit, '^(%d+) (%d+)$')
    per_min, burst = num_of(per_min), num_of(burst)
    if not per_min or per_min < 1 or burst < 1 then return 0 end
    read('GET', K.BUCKET(c.tag, what))
    local n = counted(c, what)
    if n and n <= burst then return 0 end
    return bucket_take(c, what, per_min, burst)
end

end
