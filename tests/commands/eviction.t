# maxmemory-policy: which keys go, and what is counted for it.
> SET k v
OK
> OBJECT FREQ k
! ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
> OBJECT IDLETIME k
*
> CONFIG SET maxmemory-policy allkeys-lfu
OK
> OBJECT IDLETIME k
! ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
> SET fresh v
OK
> OBJECT FREQ fresh
5
> CONFIG SET lfu-log-factor 0
OK
> GET fresh
"v"
> GET fresh
"v"
> OBJECT FREQ fresh
7
> OBJECT FREQ missing
(nil)
> DUMP fresh
*
> RESTORE copy 0 "\x00\x01v\x0a\x00\xff\x00\x00\x00\x00\x00\x00\x00" FREQ 200
! ERR DUMP*
> SET n 100
OK
> RESTORE copy 0 "\x00\xc0d\n\x00\x87)\x951`\x0e\x8d\xb3" FREQ 200
OK
> OBJECT FREQ copy
200
> CONFIG SET maxmemory-policy volatile-ttl
OK
> OBJECT FREQ copy
! ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
> OBJECT IDLETIME copy
*
> CONFIG SET lfu-decay-time x
! ERR CONFIG SET failed (possibly related to argument 'lfu-decay-time') - argument couldn't be parsed into an integer
> CONFIG SET lfu-log-factor -1
! ERR CONFIG SET failed (possibly related to argument 'lfu-log-factor') - argument must be between 0 and 2147483647 inclusive

