# Snapshots: SAVE, BGSAVE, LASTSAVE and the rules.
> SAVE
OK
> SAVE now
! ERR wrong number of arguments for 'save' command
> LASTSAVE
*
> BGSAVE NOW
! ERR syntax error
> BGSAVE SCHEDULE more
! ERR syntax error
> MULTI
OK
> SAVE
! ERR Command not allowed inside a transaction
> DISCARD
OK
> MULTI
OK
> BGSAVE
QUEUED
> EXEC
[Background saving scheduled]
> CONFIG SET save "900 1 300 10"
OK
> CONFIG GET save
["save", "900 1 300 10"]
> CONFIG SET save "900"
! ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters
> CONFIG SET save "0 1"
! ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters
> CONFIG SET save "1 -1"
! ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters
> CONFIG SET save "1 x"
! ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters
> CONFIG GET save
["save", "900 1 300 10"]
> CONFIG SET save ""
OK
> CONFIG GET save
["save", ""]
> CONFIG SET stop-writes-on-bgsave-error no
OK
> CONFIG GET stop-writes-on-bgsave-error
["stop-writes-on-bgsave-error", "no"]
> SHUTDOWN SAVE NOSAVE
! ERR syntax error
> SHUTDOWN ABORT
! ERR No shutdown in progress.
