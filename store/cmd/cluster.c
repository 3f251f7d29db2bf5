/* cluster: what a server outside of any cluster answers. */
#include "store/cmd/cmd.h"

/* CLUSTER …, ASKING, READONLY, READWRITE */
void cmd_cluster_off(struct cmd *c)
{
    reply_error(c->reply, "ERR This instance has cluster support disabled");
}
