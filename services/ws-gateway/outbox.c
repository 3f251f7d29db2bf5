#include "outbox.h"

#include "base/mem.h"
#include "base/must.h"

enum { KEY_MAX = 64 };

struct frame {
    struct list link;
    enum outbox_class class;
    size_t key_len;
    size_t len;
    char key[KEY_MAX];
    char *bytes; /* owned */
};

const char *outbox_class_text(enum outbox_class class)
{
    static const char *const names[OUTBOX_CLASSES] = {"control", "state", "position"};
    must(class < OUTBOX_CLASSES);
    return names[class];
}

static struct frame *frame_at(struct list *link)
{
    return list_entry(link, struct frame, link);
}

static void frame_free(struct outbox *o, struct frame *f)
{
    must(o->bytes >= f->len);
    o->bytes -= f->len;
    list_del(&f->link);
    mem_free(f->bytes);
    mem_free(f);
}

void outbox_init(struct outbox *o, size_t limit_bytes)
{
    *o = (struct outbox){.limit = limit_bytes};
    list_init(&o->frames);
}

void outbox_fini(struct outbox *o)
{
    if (o == NULL || o->frames.next == NULL) return;
    while (!list_empty(&o->frames))
        frame_free(o, frame_at(o->frames.next));
}

/* Drops every queued frame of a class; the head may be half sent by the caller's writer only after
 * outbox_pop, so it is fair game too. */
static void drop_class(struct outbox *o, enum outbox_class class)
{
    list_each_safe(at, &o->frames)
    {
        if (frame_at(at)->class == class) frame_free(o, frame_at(at));
    }
}

static struct frame *find_position(struct outbox *o, struct slice key)
{
    list_each(at, &o->frames)
    {
        struct frame *f = frame_at(at);
        if (f->class == OUTBOX_POSITION && slice_eq(slice_make(f->key, f->key_len), key)) return f;
    }
    return NULL;
}

static void append(struct outbox *o, enum outbox_class class, struct slice key, struct slice bytes)
{
    struct frame *f = mem_new(struct frame);
    f->class = class;
    f->key_len = key.len;
    if (key.len > 0) memcpy(f->key, key.p, key.len);
    f->len = bytes.len;
    f->bytes = mem_dup(bytes.p, bytes.len);
    list_add(&o->frames, &f->link);
    o->bytes += bytes.len;
}

static bool fits(const struct outbox *o, size_t len)
{
    return len <= o->limit && o->bytes <= o->limit - len;
}

static enum outbox_result put_position(struct outbox *o, struct slice key, struct slice bytes)
{
    struct frame *old = find_position(o, key);
    size_t freed = old == NULL ? 0 : old->len;
    if (o->bytes - freed + bytes.len > o->limit) return OUTBOX_DROPPED;
    if (old == NULL) {
        append(o, OUTBOX_POSITION, key, bytes);
        return OUTBOX_QUEUED;
    }
    mem_free(old->bytes);
    old->bytes = mem_dup(bytes.p, bytes.len);
    o->bytes = o->bytes - old->len + bytes.len;
    old->len = bytes.len;
    return OUTBOX_REPLACED;
}

enum outbox_result outbox_put(struct outbox *o, enum outbox_class class, struct slice key,
                              struct slice bytes, int64_t now_ms)
{
    if (list_empty(&o->frames)) o->progress_ms = now_ms;
    if (key.len > KEY_MAX) key.len = KEY_MAX;

    if (class == OUTBOX_POSITION) return put_position(o, key, bytes);
    if (class == OUTBOX_STATE && o->gap) return OUTBOX_DROPPED;

    if (!fits(o, bytes.len)) drop_class(o, OUTBOX_POSITION);
    if (!fits(o, bytes.len)) {
        drop_class(o, OUTBOX_STATE);
        o->gap = true;
        if (class == OUTBOX_STATE) return OUTBOX_GAP;
        if (!fits(o, bytes.len)) return OUTBOX_OVER;
        append(o, class, SLICE(""), bytes);
        return OUTBOX_GAP;
    }
    append(o, class, SLICE(""), bytes);
    return OUTBOX_QUEUED;
}

bool outbox_peek(const struct outbox *o, struct slice *frame)
{
    if (list_empty(&o->frames)) return false;
    const struct frame *f = frame_at(o->frames.next);
    *frame = slice_make(f->bytes, f->len);
    return true;
}

void outbox_pop(struct outbox *o, int64_t now_ms)
{
    must(!list_empty(&o->frames));
    frame_free(o, frame_at(o->frames.next));
    o->progress_ms = now_ms;
}

bool outbox_take_gap(struct outbox *o)
{
    if (!o->gap || !list_empty(&o->frames)) return false;
    o->gap = false;
    return true;
}

int64_t outbox_stalled_ms(const struct outbox *o, int64_t now_ms)
{
    return list_empty(&o->frames) ? 0 : now_ms - o->progress_ms;
}
