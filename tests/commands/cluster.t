# Outside of a cluster: what its commands say to a client that asks for one.
> CLUSTER
! ERR wrong number of arguments for 'cluster' command
> CLUSTER NOPE
! ERR unknown subcommand 'NOPE'. Try CLUSTER HELP.
> CLUSTER MEET 127.0.0.1
! ERR wrong number of arguments for 'cluster|meet' command
> CLUSTER ADDSLOTS 1
! ERR This instance has cluster support disabled
> CLUSTER ADDSLOTSRANGE 1 1
! ERR This instance has cluster support disabled
> CLUSTER BUMPEPOCH
! ERR This instance has cluster support disabled
> CLUSTER COUNT-FAILURE-REPORTS 1
! ERR This instance has cluster support disabled
> CLUSTER COUNTKEYSINSLOT 1
! ERR This instance has cluster support disabled
> CLUSTER DELSLOTS 1
! ERR This instance has cluster support disabled
> CLUSTER DELSLOTSRANGE 1 1
! ERR This instance has cluster support disabled
> CLUSTER FAILOVER
! ERR This instance has cluster support disabled
> CLUSTER FLUSHSLOTS
! ERR This instance has cluster support disabled
> CLUSTER FORGET 1
! ERR This instance has cluster support disabled
> CLUSTER GETKEYSINSLOT 1 1
! ERR This instance has cluster support disabled
> CLUSTER HELP
! ERR This instance has cluster support disabled
> CLUSTER INFO
! ERR This instance has cluster support disabled
> CLUSTER KEYSLOT 1
! ERR This instance has cluster support disabled
> CLUSTER LINKS
! ERR This instance has cluster support disabled
> CLUSTER MEET 1 1
! ERR This instance has cluster support disabled
> CLUSTER MYID
! ERR This instance has cluster support disabled
> CLUSTER NODES
! ERR This instance has cluster support disabled
> CLUSTER REPLICAS 1
! ERR This instance has cluster support disabled
> CLUSTER REPLICATE 1
! ERR This instance has cluster support disabled
> CLUSTER RESET
! ERR This instance has cluster support disabled
> CLUSTER SAVECONFIG
! ERR This instance has cluster support disabled
> CLUSTER SET-CONFIG-EPOCH 1
! ERR This instance has cluster support disabled
> CLUSTER SETSLOT 1 1
! ERR This instance has cluster support disabled
> CLUSTER SHARDS
! ERR This instance has cluster support disabled
> CLUSTER SLAVES 1
! ERR This instance has cluster support disabled
> CLUSTER SLOTS
! ERR This instance has cluster support disabled
> ASKING
! ERR This instance has cluster support disabled
> READONLY
! ERR This instance has cluster support disabled
> READWRITE
! ERR This instance has cluster support disabled
> READONLY now
! ERR wrong number of arguments for 'readonly' command
> SET k 5
OK
> RESTORE-ASKING k 0 "\x00\xc0d\n\x00\x87)\x951`\x0e\x8d\xb3"
! BUSYKEY Target key name already exists.
> RESTORE-ASKING k 0 "\x00\xc0d\n\x00\x87)\x951`\x0e\x8d\xb3" REPLACE
OK
> GET k
"100"

