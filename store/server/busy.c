/* busy: a turn of the loop in the middle of a script that is over its time.
 *
 * Why: other clients must be told that the store is busy, and one of them may want to kill the
 * script. So the loop turns once inside the command that runs. Whatever that command stands on
 * is left alone: its client is neither read, sent to nor closed, and the buffers its arguments
 * lie in are exchanged for others meanwhile.
 *
 * A wish to end the process (SHUTDOWN, SIGTERM) is fulfilled here and at once: the script may
 * never end, and nothing of it was logged or promised to anyone.
 */
#include "base/log.h"
#include "base/mem.h"
#include "store/server/inside.h"

#include <stdlib.h>
#include <unistd.h>

/* What a batch of commands stands on. */
struct stage {
    char *read_buf;
    struct gather gather;
    const struct known *known;
};

static void stage_save(const struct server *s, struct stage *to)
{
    to->read_buf = s->read_buf;
    to->gather = s->gather;
    to->known = s->engine->known;
}

static void stage_restore(struct server *s, const struct stage *from)
{
    s->read_buf = from->read_buf;
    s->gather = from->gather;
    s->engine->known = from->known;
}

_Noreturn static void leave(struct server *s)
{
    log_warn("stopping_in_script", LOG_INT("clients", s->conn_count));
    _exit(durable_close(s) ? EXIT_SUCCESS : EXIT_FAILURE);
}

void busy_yield(void *data)
{
    struct server *s = data;
    struct stage stage;
    if (!s->running || s->busy != NULL || s->engine->current == NULL) return;
    if (s->busy_buf == NULL) s->busy_buf = mem_alloc(2 * (size_t)READ_BYTES);
    gather_give_back(s);
    stage_save(s, &stage);
    s->read_buf = s->busy_buf;
    s->gather = (struct gather){0};
    s->engine->known = &known_nothing;
    s->busy = s->engine->current;

    (void)uv_run(&s->loop, UV_RUN_NOWAIT);
    conns_turn_busy(s);
    if (s->shutdown_wanted) leave(s);

    s->busy = NULL;
    mem_free(s->gather.argv);
    stage_restore(s, &stage);
}
