/* server: the loop that joins sockets, engine and journal.
 *
 * A turn of the loop:
 *
 *     poll    sockets: read, cut into commands, execute; replies stay in session.out
 *     turn    (before the next poll) go on with commands that waited, hand what was logged
 *             to the journal, and send what may leave: one send a connection and turn
 *
 * Nothing is sent in the middle of a turn, so a pipeline of any depth costs one read and one
 * write, and every record of the turn shares one sync.
 *
 * Owner: server_new to server_free. All but server_stop belongs to the thread of server_run.
 */
#ifndef HANSOM_STORE_SERVER_SERVER_H
#define HANSOM_STORE_SERVER_SERVER_H

#include "store/engine/engine.h"
#include "store/persist/io.h"

struct server;

enum { SERVER_ERROR = 640 };

/* engine is configured (engine->config) and borrowed; so is io, the disk under the journal. */
struct server *server_new(struct engine *engine, const struct io *io);
void server_free(struct server *s);

/* Replays the journal, listens, opens the admin port. False with a line in why (SERVER_ERROR
 * bytes). */
bool server_open(struct server *s, char *why);

/* The ports it listens on; -1: none. */
int server_port(const struct server *s);
int server_admin_port(const struct server *s);

/* Serves until it is told to stop by a signal, SHUTDOWN or server_stop, and has closed
 * everything. 0, or 1 when something acknowledged or promised could not be written. */
int server_run(struct server *s);

/* Ends server_run; from any thread. */
void server_stop(struct server *s);

#endif
