# LATENCY: what took longer than the threshold, and how long commands take.
%start --enable-debug-command yes
> LATENCY LATEST
[]
> LATENCY HISTORY command
[]
> LATENCY HISTORY nosuch
[]
> LATENCY GRAPH command
! ERR No samples available for event 'command'
> LATENCY GRAPH
! ERR wrong number of arguments for 'latency|graph' command
> LATENCY NOPE
! ERR unknown subcommand 'NOPE'. Try LATENCY HELP.
> LATENCY DOCTOR
*
> CONFIG SET latency-monitor-threshold 200
OK
> LATENCY DOCTOR
*
> DEBUG SLEEP 0.3
OK
> LATENCY LATEST
[["command", *, *, *]]
> LATENCY HISTORY command
[[*, *]]
> LATENCY GRAPH command
*
> LATENCY DOCTOR
*
> LATENCY RESET nosuch
0
> LATENCY RESET command nosuch
1
> LATENCY LATEST
[]
> LATENCY RESET
0
# A histogram counts calls up to each power of two of microseconds.
> CONFIG RESETSTAT
OK
> LATENCY HISTOGRAM set
[]
> SET k v
OK
> SET k v
OK
> LATENCY HISTOGRAM set
["set", ["calls", 2, "histogram_usec", *]]
> LATENCY HISTOGRAM nosuch get SET
["set", ["calls", 2, "histogram_usec", *]]
> CONFIG GET nosuch
[]
> LATENCY HISTOGRAM config
*
> LATENCY HISTOGRAM
*
> HELLO 3
*
> LATENCY HISTOGRAM set
{"set": *}

